# One image for the migration, the scheduler and any one-off command.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY etl etl
COPY migrations migrations
RUN pip install --no-cache-dir --prefix=/install --constraint constraints.txt .

FROM python:3.12-slim
COPY --from=build /install /usr/local
RUN useradd --create-home etl
USER etl
WORKDIR /home/etl
ENTRYPOINT ["etl"]
CMD ["--help"]
