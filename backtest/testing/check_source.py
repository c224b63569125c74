"""`check_source`: conformance suite of a data source."""

import pandas as pd

from backtest.data.raw_series import RawSeries
from backtest.data.sources.own_source import OwnSource
from backtest.data.sources.source import Source
from backtest.errors import BrokenRule, DataError
from backtest.testing.rules import check_rules, instance_of

_SECONDS = 30.0
_NO_SYMBOL = "no such series, asked by check_source"


def check_source(source: type[Source] | Source, symbol: str) -> None:
    """Check that a source follows the rules of all sources, by fetching a series several times.

    Its answer is a `RawSeries` with rising dates and numbers; the same question has the same answer; `since` leaves the
    values after it as they are, and a symbol that does not exist is a `DataError`.

    Args:
        source: the class, which is created without arguments, or an object.
        symbol: symbol of a series that the source has, with at least two dates.

    Raises:
        BrokenRule: a rule is broken; the message names it.

    Example:
        >>> from backtest.data.raw_series import RawSeries
        >>> class Constant(Source):
        ...     def fetch(self, symbol, since, seconds):
        ...         dates = pd.date_range("2020-01-01", periods=3, name="date")
        ...         return RawSeries(pd.DataFrame({"level": 1.0}, index=dates), symbol, "levels")
        >>> check_source(Constant, "ONE")
        Traceback (most recent call last):
        backtest.errors.BrokenRule: Constant: it answers a symbol that does not exist; expected UnknownSeries. \
Rule: backtest.testing.check_source.unknown_symbols_are_errors
    """
    check_rules(SOURCE_RULES, instance_of(source, Source), symbol)


def answers_are_series(source: Source, symbol: str) -> None:
    """The answer is a `RawSeries` with the columns of its kind, rising dates and numbers, and the catalogue a list."""
    if len(_fetch(source, symbol).values) < 2:
        raise BrokenRule(f"{symbol} has fewer than two dates; expected a symbol with more")
    OwnSource(type(source).__name__, lambda: source).catalogue()


def same_question_same_answer(source: Source, symbol: str) -> None:
    """A series fetched twice has the same values and facts."""
    first, second = _fetch(source, symbol), _fetch(source, symbol)
    if not first.values.equals(second.values) or (first.kind, first.facts) != (second.kind, second.facts):
        raise BrokenRule(f"{symbol} differs between two requests; expected the same values")


def since_changes_no_value(source: Source, symbol: str) -> None:
    """A request since a date has all later rows of the whole history, with the same values.

    If returns or adjusted prices depend on the first date, a run on cached data differs from a run on new data.
    """
    whole = _fetch(source, symbol).values
    since = pd.DatetimeIndex(whole.index)[len(whole) // 2]
    part = _fetch(source, symbol, since).values
    if not part[part.index >= since].equals(whole[whole.index >= since]):
        raise BrokenRule(f"{symbol} since {since:%Y-%m-%d} differs from the same dates of its whole history")


def unknown_symbols_are_errors(source: Source, symbol: str) -> None:  # noqa: ARG001 - rules have the same arguments
    """A symbol that does not exist is a `DataError`."""
    try:
        source.fetch(_NO_SYMBOL, None, _SECONDS)
    except DataError:
        return
    raise BrokenRule("it answers a symbol that does not exist; expected UnknownSeries")


SOURCE_RULES = answers_are_series, same_question_same_answer, since_changes_no_value, unknown_symbols_are_errors


def _fetch(source: Source, symbol: str, since: pd.Timestamp | None = None) -> RawSeries:
    """Return what a run would get, which checks the answer."""
    checked = OwnSource(type(source).__name__, lambda: source)
    try:
        return checked.fetch(symbol, None if since is None else since.date(), _SECONDS)
    except DataError as problem:
        raise BrokenRule(str(problem)) from problem
