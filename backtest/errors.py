"""Every error the project raises on purpose, under one root.

    BacktestError                  anything the user can mend; the command line prints it without a traceback
    ├── ConfigError                a configuration that cannot be run; lists all its mistakes       exit 2
    ├── DataError                  prices, cash or dates that cannot be used as they are            exit 2
    │   └── DataUnavailableError   data that could not be had (network, source, cache)              exit 3
    ├── StrategyError              a strategy that could not be found, or answered with nonsense    exit 2
    │   └── InsufficientHistory    a strategy was asked before it had the history it needs          exit 2
    ├── NoRiskBudgetPortfolio      no long-only portfolio has the wanted risk budgets               exit 2
    ├── SimulationError            target weights or terms that the accounting cannot follow        exit 2
    └── ReportError                a report that could not be written                               exit 2

A message says what, where, got, expected, and a hint, in that order, in one line. `exit_code` is what the command line
ends with.
"""

from typing import ClassVar


class BacktestError(Exception):
    """Root of all errors raised on purpose: its message is meant for the user."""

    exit_code: ClassVar[int] = 2


class ConfigError(BacktestError):
    """A configuration that cannot be run. One line for each mistake, all of them at once.

    Args:
        problems: the mistakes, each a line of the form `file:line:column: path: what; expected; hint`.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DataError(BacktestError):
    """Prices, cash or dates that cannot be used as they are."""


class DataUnavailableError(DataError):
    """Data that could not be had: a source, the network or the cache failed."""

    exit_code: ClassVar[int] = 3


class StrategyError(BacktestError):
    """A strategy that could not be found, or that answered with something that is no portfolio."""


class InsufficientHistory(StrategyError):  # noqa: N818 - named after what is missing, like StopIteration
    """A strategy was asked before it had the history it needs; the run begins at the first date without this."""


class NoRiskBudgetPortfolio(BacktestError):  # noqa: N818 - named after what does not exist
    """No long-only portfolio has the wanted risk budgets, or double precision cannot reach it."""


class SimulationError(BacktestError):
    """Target weights, costs or financing terms that the accounting cannot follow."""


class ReportError(BacktestError):
    """A report that could not be written."""
