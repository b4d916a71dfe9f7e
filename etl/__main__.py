"""`python -m etl`, and the program `etl`.

A worker imports this module too, since `multiprocessing` gives each the main module of its parent: so nothing more.
"""

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    from etl.cli import main

    main()


if __name__ == "__main__":
    main()
