"""Run every benchmark: `python -m benchmarks`."""

from benchmarks import load, pipeline

if __name__ == "__main__":
    load.main()
    pipeline.main()
