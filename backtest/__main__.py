"""`python -m backtest`, and the command `backtest`."""

import sys

from backtest.cli import main


def script() -> None:
    """Run the command `backtest`, which finds own modules in the current folder, as `python -m backtest` does."""
    sys.path.append("")
    main()


if __name__ == "__main__":
    main()
