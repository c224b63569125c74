"""Errors that the project raises on purpose, under one root.

    BacktestError                  anything the user can fix; the command line prints it without a traceback
    ├── ConfigError                a configuration that cannot be run; lists all its mistakes       exit 2
    ├── DataError                  prices, cash or dates that cannot be used unchanged              exit 2
    │   ├── UnknownSeries          the source does not have the series                             exit 2
    │   └── DataUnavailableError   data that could not be obtained (network, source, cache)         exit 3
    │       ├── NoDataInRange      the source has the series, but not on the requested dates
    │       ├── NoNetwork          the source could not be reached
    │       ├── RateLimited        the source asks for fewer requests
    │       ├── SourceDown         the source failed or returned something that is not data
    │       └── TimedOut           the source did not answer in time
    ├── StrategyError              a strategy that does not exist, or returned invalid weights      exit 2
    │   └── InsufficientHistory    a strategy was asked before it had enough history                exit 2
    ├── EstimationError            returns from which a covariance cannot be estimated              exit 2
    ├── NoRiskBudgetPortfolio      no long-only portfolio has the requested risk budgets            exit 2
    ├── NoOptimalPortfolio         no portfolio solves the strategy's problem                       exit 2
    ├── MetricError             own metric that fails, or returns something else than a number  exit 2
    ├── SimulationError            target weights or terms that cannot be simulated                 exit 2
    ├── ComparisonError            results that cannot be compared                                  exit 2
    ├── ReportError                a report that could not be written                               exit 2
    └── BrokenRule                 own code that breaks a rule of its conformance suite             exit 2

Exit code 4 is not an error: `replay` or `verify` found a difference.

A message states the problem, its place, the value, the expected value and a hint, in that order, on one line.
`exit_code` is the exit code of the command line.

Messages quote what users wrote, whatever it is: in every message `readable` hides secrets, shortens long lines and
escapes what cannot be printed.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

from backtest.redaction import redact

_LONGEST_LINE = 960  # characters: a list of 30 names fits

_ALIKE = 0.6  # similarity of names, as `difflib` measures it

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line breaks, characters that change the direction of text, and halves of surrogate pairs."""


def readable(message: str) -> str:
    r"""Return a message without secrets, whose lines are not too long, and whose characters can be printed.

    >>> readable("got '\x1b[31m'")
    "got '\\x1b[31m'"
    >>> len(readable("x" * 70_000))
    998
    """
    lines = (shorten(UNPRINTABLE.sub(_escape, line), _LONGEST_LINE) for line in redact(message).split("\n"))
    return "\n".join(lines)


def shorten(text: str, most: int) -> str:
    """Return a text, of which a long one has lost its middle.

    >>> shorten("abcdefghij", 4)
    'ab ... (6 characters left out) ... ij'
    """
    half = most // 2
    left_out = len(text) - 2 * half
    return text if len(text) <= most else f"{text[:half]} ... ({left_out:,} characters left out) ... {text[-half:]}"


def _escape(found: "re.Match[str]") -> str:
    return found[0].encode("unicode_escape").decode()


def nearest(name: str, known: Iterable[str], alike: float = _ALIKE) -> str:
    """Return the known name that is nearest to a wrong one, whatever its case; empty if no name is close.

    >>> nearest("Monthly", ["daily", "monthly"]), nearest("ERC", ["erc"]), nearest("x", ["erc"])
    ('monthly', 'erc', '')
    """
    names = {one.lower(): one for one in known}
    return next((names[one] for one in get_close_matches(name.lower(), names, 1, alike)), "")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean ...?`, or nothing if no known name is close."""
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else ""


class BacktestError(Exception):
    """Root of all errors raised on purpose; the message is meant for the user."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(readable(message))


class ConfigError(BacktestError):
    """A configuration that cannot be run; all of its mistakes are reported together, one a line.

    Args:
        problems: a line for each mistake, of the form `file:line:column: setting: problem; expected; hint`.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(map(readable, problems))


class DataError(BacktestError):
    """Prices, cash or dates that cannot be used unchanged."""


class DataUnavailableError(DataError):
    """Data that could not be obtained: a source, the network or the cache failed."""

    exit_code: ClassVar[int] = 3


class UnknownSeries(DataError):  # noqa: N818 - named after the missing thing
    """The source does not have the series."""


class NoDataInRange(DataUnavailableError):  # noqa: N818 - named after the missing thing
    """The source has the series, but no data on the requested dates."""


class NoNetwork(DataUnavailableError):  # noqa: N818 - named after the missing thing
    """The source could not be reached: no network, unknown host, or connection refused."""


class RateLimited(DataUnavailableError):  # noqa: N818 - the usual term
    """The source asks for fewer requests.

    Args:
        message: message for the user.
        wait: seconds that the source asks to wait; 0 if it does not say.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class SourceDown(DataUnavailableError):  # noqa: N818 - the usual term
    """The source failed or returned something that is not data."""


class TimedOut(DataUnavailableError):  # noqa: N818 - the usual term
    """The source did not answer in time."""


class StrategyError(BacktestError):
    """A strategy that does not exist, or that returned invalid weights."""


class InsufficientHistory(StrategyError):  # noqa: N818 - named after the missing thing, like StopIteration
    """A strategy was asked before it had enough history; the run begins on the first date without this error.

    Args:
        message: message for the user.
        window: setting that has to be shorter if no date has enough history; by default the windows of `estimation`.
    """

    def __init__(self, message: str = "", window: str = "") -> None:
        super().__init__(message)
        self.window = window


class EstimationError(BacktestError):
    """Returns from which a covariance cannot be estimated: too few, or the estimate is not positive definite."""


class NoRiskBudgetPortfolio(BacktestError):  # noqa: N818 - named after the missing thing
    """No long-only portfolio has the requested risk budgets, or double precision cannot reach it."""


class NoOptimalPortfolio(BacktestError):  # noqa: N818 - named after the missing thing
    """No portfolio solves the strategy's problem: constraints conflict, or the covariance matrix is not valid."""


class MetricError(BacktestError):
    """A metric of a user that does not exist, fails, or returns something else than a number."""


class SimulationError(BacktestError):
    """Target weights, costs or financing terms that cannot be simulated."""


class ComparisonError(BacktestError):
    """Results that cannot be compared: fewer than two, of different frequencies, or without common dates."""


class ReportError(BacktestError):
    """A report that could not be written."""


class BrokenRule(BacktestError):  # noqa: N818 - named after what happened
    """Own code breaks a rule of its conformance suite, see `bt.testing`."""
