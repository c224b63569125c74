"""Every error the project raises on purpose, under one root.

    BacktestError                  anything the user can mend; the command line prints it without a traceback
    ├── ConfigError                a configuration that cannot be run; lists all its mistakes       exit 2
    ├── DataError                  prices, cash or dates that cannot be used as they are            exit 2
    │   ├── UnknownSeries          a source that has no such series                                exit 2
    │   └── DataUnavailableError   data that could not be had (network, source, cache)              exit 3
    │       ├── NoDataInRange      the source knows the series, and has nothing of the dates asked for
    │       ├── NoNetwork          the source could not be reached at all
    │       ├── RateLimited        the source asks for fewer requests
    │       ├── SourceDown         the source failed, or answered with something that is no data
    │       └── TimedOut           no answer in the time that was left
    ├── StrategyError              a strategy that could not be found, or answered with nonsense    exit 2
    │   └── InsufficientHistory    a strategy was asked before it had the history it needs          exit 2
    ├── EstimationError            returns from which a covariance cannot be estimated as asked     exit 2
    ├── NoRiskBudgetPortfolio      no long-only portfolio has the wanted risk budgets               exit 2
    ├── NoOptimalPortfolio         no portfolio solves the strategy's problem                       exit 2
    ├── SimulationError            target weights or terms that the accounting cannot follow        exit 2
    ├── ComparisonError            results that cannot be set side by side                          exit 2
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


class UnknownSeries(DataError):  # noqa: N818 - named after what is not there
    """A source that has no series of this name."""


class NoDataInRange(DataUnavailableError):  # noqa: N818 - named after what is not there
    """The source knows the series, and has nothing of the dates asked for."""


class NoNetwork(DataUnavailableError):  # noqa: N818 - named after what is not there
    """The source could not be reached: no network, no such host, nobody listening there."""


class RateLimited(DataUnavailableError):  # noqa: N818 - the term for it
    """The source asks for fewer requests.

    Args:
        message: for the user.
        wait: seconds that the source asks to wait, 0 where it does not say.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class SourceDown(DataUnavailableError):  # noqa: N818 - the term for it
    """The source failed, or answered with something that is no data."""


class TimedOut(DataUnavailableError):  # noqa: N818 - the term for it
    """No answer came in the time that was left."""


class StrategyError(BacktestError):
    """A strategy that could not be found, or that answered with something that is no portfolio."""


class InsufficientHistory(StrategyError):  # noqa: N818 - named after what is missing, like StopIteration
    """A strategy was asked before it had the history it needs; the run begins at the first date without this."""


class EstimationError(BacktestError):
    """Returns from which a covariance cannot be estimated as asked: too few of them, or the estimate is none."""


class NoRiskBudgetPortfolio(BacktestError):  # noqa: N818 - named after what does not exist
    """No long-only portfolio has the wanted risk budgets, or double precision cannot reach it."""


class NoOptimalPortfolio(BacktestError):  # noqa: N818 - named after what does not exist
    """No portfolio solves the strategy's problem: its constraints conflict, or the covariance is none."""


class SimulationError(BacktestError):
    """Target weights, costs or financing terms that the accounting cannot follow."""


class ComparisonError(BacktestError):
    """Results that cannot be set side by side: too few, of different frequencies, or without common dates."""


class ReportError(BacktestError):
    """A report that could not be written."""
