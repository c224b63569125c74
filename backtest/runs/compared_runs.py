"""`compare`: several results side by side, from the first date on which all of their runs can trade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import cast

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.result import BacktestResult
from backtest.data.dates.common_dates import on_shared_dates, shared_dates
from backtest.data.dates.frequencies import frequency_name
from backtest.data.dates.spacing import spacing_of
from backtest.errors import ComparisonError, InsufficientHistory, SimulationError
from backtest.runs.notebook_views import render_comparison
from backtest.runs.pipeline import Config, run_all
from backtest.runs.plan import Plan, Setup
from backtest.runs.run_result import result_of


def compare(results: Sequence[BacktestResult | Config]) -> Comparison:
    """Compare results, or runs of configurations, over the dates that their market data shares.

    All runs begin on the first date on which each of them can hold its portfolio, exactly as a run and its benchmark
    do: each decides `execution_lag` rows earlier and pays for its first purchase. A run that already began on that
    date, with no date left out, is used unchanged; the others are simulated again.

    Args:
        results: two or more results of one frequency and currency, or configurations, which are run first. Their
            benchmarks are ignored; to compare with a benchmark, pass its result too.

    Raises:
        ComparisonError: there are fewer than two results, their frequencies or currencies differ, they have fewer than
            two common dates, or a result has to begin on another date but was unpickled or built by hand.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/erc.yaml")
        >>> comparison = compare([result.benchmark, result])
        >>> comparison
        <Comparison of 60_40, erc, 1989-01-31 to 2012-12-31>
        >>> comparison.metrics.loc["sharpe"].round(2).to_dict(), comparison.best["sharpe"]
        ({'60_40': 0.6, 'erc': 0.71}, ('erc',))
        >>> compare(["configs/60_40.yaml", "configs/erc.yaml"])
        <Comparison of 60_40, erc, 1989-01-31 to 2012-12-31>
    """
    if isinstance(results, str | Path | Mapping) or not isinstance(results, Sequence):
        raise ComparisonError(f"got the type {type(results).__name__}; expected a list of results or configurations")
    if len(results) < 2:
        raise ComparisonError(f"{len(results)} to compare; expected two results or more")
    made = iter(run_all([given for given in results if not isinstance(given, BacktestResult)]))
    named = _with_unique_names([given if isinstance(given, BacktestResult) else next(made) for given in results])
    _check_frequencies(named)
    _check_same(
        "currency", {result.name: str(result.settings.get("data", {}).get("currency", "USD")) for result in named}
    )
    aligned = _check_same_dates(named) if any(result.setup is None for result in named) else _begin_together(named)
    end = min(result.nav.index[-1] for result in aligned)
    compared = tuple(
        replace(result, benchmark=None, other_benchmarks=(), break_even=None).until(end) for result in aligned
    )
    return Comparison(compared, tuple(_notes(named, compared)), render_comparison)


@dataclass(frozen=True, eq=False)
class _Run:
    """A run that has to begin on the common dates.

    Args:
        result: the original result.
        setup: its setup, cut to the common dates; the result's own setup if nothing was cut.
    """

    result: BacktestResult
    setup: Setup

    @cached_property
    def plan(self) -> Plan:
        return self.setup.plan()

    @property
    def same_dates(self) -> bool:
        return self.setup is self.result.setup

    @property
    def first(self) -> pd.Timestamp:
        """Return the first date on which the run can begin, never before the first date of its result."""
        own = pd.Timestamp(self.result.nav.index[0])
        if self.same_dates:
            return own
        try:
            return max(own, self.plan.first_trade)
        except (InsufficientHistory, SimulationError) as problem:
            raise ComparisonError(f"{self.result.name}, on the dates common to all: {problem}") from problem

    def begin(self, start: pd.Timestamp) -> BacktestResult:
        if self.same_dates and start == self.result.nav.index[0]:
            return self.result
        return replace(result_of(self.plan.decide(start)), name=self.result.name)


def _begin_together(results: Sequence[BacktestResult]) -> list[BacktestResult]:
    """Begin all runs on the first date on which each can trade, over the dates common to their market data."""
    setups = [cast("Setup", result.setup) for result in results]
    markets = [market for setup in setups for market in setup.markets]
    shared = shared_dates(markets)
    if len(shared) < 2:
        raise _too_few_dates(results, len(shared))
    cut_markets = on_shared_dates(markets, min(map(_end, results)), _stated_periods(results))
    cut = dict(zip(map(id, markets), cut_markets, strict=True))
    runs = [
        _Run(result, setup.on(lambda market: cut[id(market)])) for result, setup in zip(results, setups, strict=True)
    ]
    firsts = [run.first for run in runs]
    dates = shared[(shared >= max(firsts)) & (shared <= min(map(_end, results)))]
    if len(dates) < 2:
        raise _too_few_dates(results, len(dates))
    return [run.begin(dates[0]) for run in runs]


def _stated_periods(results: Sequence[BacktestResult]) -> int | None:
    """Return the number of periods per year that the settings state, or None if no settings state it."""
    stated = {result.name: cast("Setup", result.setup).config.data.periods_per_year for result in results}
    numbers = {name: number for name, number in stated.items() if number is not None}
    if len(set(numbers.values())) > 1:
        each = ", ".join(f"{number} of {name}" for name, number in numbers.items())
        raise ComparisonError(f"data.periods_per_year: {each}; expected one number for results that are compared")
    return next(iter(numbers.values()), None)


def _check_same_dates(results: Sequence[BacktestResult]) -> list[BacktestResult]:
    """Return results that cannot all begin again; raise an error unless they share all dates up to the earliest end."""
    end = min(result.nav.index[-1] for result in results)
    dates = [pd.DatetimeIndex(result.nav.index[result.nav.index <= end]) for result in results]
    shared = reduce(pd.DatetimeIndex.intersection, dates)
    if len(shared) < 2:
        raise _too_few_dates(results, len(shared))
    if any(not own.equals(shared) for own in dates):
        fixed = ", ".join(result.name for result in results if result.setup is None)
        raise ComparisonError(
            f"the results have different dates, and {fixed} cannot begin again on the common ones: it was unpickled "
            "or built by hand, without its setup. Hint: compare results that bt.run made in this process."
        )
    return list(results)


def _end(result: BacktestResult) -> pd.Timestamp:
    """Return the last date of a run, or of its data if the run is ruined, because a later start may avoid the ruin."""
    ruined = result.nav.iloc[-1] <= 0
    return cast("Setup", result.setup).data.dates[-1] if ruined and result.setup else result.nav.index[-1]


def _too_few_dates(results: Sequence[BacktestResult], count: int) -> ComparisonError:
    spans = "; ".join(
        f"{result.name} {result.nav.index[0]:%Y-%m-%d} to {result.nav.index[-1]:%Y-%m-%d}" for result in results
    )
    return ComparisonError(f"{spans}: they share {count} dates; expected two or more")


def _with_unique_names(results: Sequence[BacktestResult]) -> list[BacktestResult]:
    """Return the results, with a number added to each repeated name."""
    taken: dict[str, BacktestResult] = {}
    for result in results:
        name, number = result.name, 1
        while name in taken:
            number += 1
            name = f"{result.name} ({number})"
        taken[name] = result if name == result.name else replace(result, name=name)
    return list(taken.values())


def _check_same(what: str, of: Mapping[str, str]) -> None:
    if len(set(of.values())) > 1:
        each = ", ".join(f"{name} is {value}" for name, value in of.items())
        raise ComparisonError(f"{each}; expected results with the same {what}")


def _check_frequencies(results: Sequence[BacktestResult]) -> None:
    """Raise an error unless all results have the same frequency; five and seven sessions a week are both daily."""
    spacings = [spacing_of(pd.DatetimeIndex(result.nav.index)) for result in results]
    if not all(spacings[0].same_frequency(other) for other in spacings[1:]):
        _check_same("frequency", {result.name: frequency_name(result.periods_per_year) for result in results})


def _notes(own: Sequence[BacktestResult], compared: Sequence[BacktestResult]) -> list[str]:
    """Explain in notes the first and last date, the dates that are left out, and which runs are ruined."""
    dates = pd.DatetimeIndex(compared[0].nav.index)
    ruined = [result.name for result in compared if result.nav.iloc[-1] <= 0]
    notes = _ends_in_words("begin", dates[0], {result.name: result.nav.index[0] for result in own})
    if not ruined:
        notes += _ends_in_words("end", dates[-1], {result.name: _end(result) for result in own})
    for result in own:
        all_dates = result.nav.index if result.setup is None else cast("Setup", result.setup).data.dates
        left_out = int(((all_dates >= dates[0]) & (all_dates <= dates[-1])).sum()) - len(dates)
        if left_out:
            notes.append(f"{left_out} dates of {result.name} are left out, as not all of the others have them")
        if result.periods_per_year != compared[0].periods_per_year:
            now = compared[0].periods_per_year
            notes.append(
                f"{result.name} has {result.periods_per_year} periods a year on its own dates, and {now} on these"
            )
    notes += [f"{name} lost all of its capital on {dates[-1]:%Y-%m-%d}, where the comparison ends" for name in ruined]
    return notes


def _ends_in_words(verb: str, date: pd.Timestamp, own: Mapping[str, pd.Timestamp]) -> list[str]:
    """Explain in a note whose first or last date is decisive, unless all runs have the same date."""
    deciding = ", ".join(name for name, end in own.items() if end == date)
    others = [f"{name} on {end:%Y-%m-%d}" for name, end in own.items() if end != date]
    if not others:
        return []
    where = f"with {deciding} on {date:%Y-%m-%d}" if deciding else f"on {date:%Y-%m-%d}, a date that all have"
    return [f"the dates {verb} {where}; on its own {', '.join(others)}"]
