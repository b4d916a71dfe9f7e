# One image for the migration, the scheduler and any one-off command.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY etl etl
COPY migrations migrations
RUN python -m venv /opt/etl && /opt/etl/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.12-slim
COPY --from=build /opt/etl /opt/etl
RUN useradd --create-home --uid 10001 etl
ENV PATH=/opt/etl/bin:$PATH
USER 10001
WORKDIR /home/etl
ENTRYPOINT ["etl"]
CMD ["--help"]
