"""Time the simulation alone: 50 years of daily data, monthly weights, 6 and 500 assets, few and all terms.

    python benchmarks/simulation_speed.py

Times are the best of many runs in this process, on one core. A path is NAV by date with all trades; its ledger is what
each asset earned and each flow. The last column is a path of many terms over the same decisions (`ManyPaths`). The work
of the limits, 56 µs and 2.6 ms, is `proportional cost`.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import days_between
from backtest.engine.many_paths import ManyPaths
from backtest.engine.market_periods import Periods
from backtest.engine.settings.schedule import rebalance_rows
from backtest.engine.simulation import path_of
from backtest.engine.terms import FeeTerms, LoanTerms, MarginTerms, Terms, TradingTerms
from backtest.numerics.arrays import Floats, Ints

DAYS, SEED = 12_600, 7


class Setting(NamedTuple):
    """Arguments of `path_of`."""

    decision_rows: Ints
    targets: Floats
    lag: int
    terms: Terms


def main() -> None:
    """Build each market once, then time its paths."""
    dates = pd.bdate_range("1970-01-01", periods=DAYS)
    rows = np.array([row for row in rebalance_rows(dates, "monthly") if row > 0])[:568]
    print(f"{DAYS} days, {len(rows)} rebalances; microseconds")
    print(f"{'assets':>6}  {'terms':26}{'kernel':>10}{'path':>10}{'+ ledger':>10}{'one of many':>12}")
    for count in (6, 500):
        draws = np.random.default_rng(SEED)
        prices = np.cumprod(1 + 0.0003 + 0.01 * draws.normal(size=(DAYS, count)), axis=0)
        periods = Periods(prices.astype(np.float64), np.full(DAYS, 0.0001), days_between(dates))
        weights = draws.dirichlet(np.ones(count), len(rows))
        for name, leverage, terms in _terms(count):
            setting = Setting(rows, weights * leverage, 1, terms)
            times = _times(periods, setting, repeats=200 if count == 6 else 12)
            print(
                f"{count:6}  {name:26}" + "".join(f"{1e6 * one:10.0f}" for one in times[:3]) + f"{1e6 * times[3]:12.0f}"
            )


def _terms(count: int) -> list[tuple[str, float, Terms]]:
    """Return the cases to time: name, gross exposure and terms."""
    all_of_it = Terms(
        TradingTerms(np.full(count, 0.001)),
        LoanTerms(0.01, cash_spread=0.002, borrow_fee=np.full(count, 0.003)),
        MarginTerms(initial=np.full(count, 0.5), maintenance=np.full(count, 0.25)),
        FeeTerms(expense_ratio=np.full(count, 0.002), management=0.005),
    )
    return [
        ("proportional cost", 1.0, Terms(TradingTerms(np.full(count, 0.001)))),
        ("and a loan with a spread", 1.5, Terms(TradingTerms(np.full(count, 0.001)), LoanTerms(0.01))),
        ("and margin, fees: all on", 1.5, all_of_it),
    ]


def _times(periods: Periods, setting: Setting, repeats: int) -> tuple[float, float, float, float]:
    """Return seconds: of the compiled kernel, a path, a path with its ledger, and one of many paths."""
    runs: list[float] = []
    _time_kernel(periods, setting, runs, repeats)
    rows, targets, lag, terms = setting
    path = _best(lambda: path_of(periods, rows, targets, lag, terms), repeats)
    ledger = _best(lambda: path_of(periods, rows, targets, lag, terms).ledger(), max(3, repeats // 4))
    paths = ManyPaths(periods, rows, lag, targets)
    orders = paths.orders()
    many = _best(lambda: paths.path(terms, orders), repeats)
    return min(runs), path, ledger, many


def _time_kernel(periods: Periods, setting: Setting, runs: list[float], repeats: int) -> None:
    """Append the time of each call of the compiled kernel, timed inside ordinary paths."""
    from backtest.engine.kernels import walk_kernel

    run_steps: Any = walk_kernel.run_steps

    def timed(*given: Any) -> Any:
        begin = time.perf_counter()
        step = run_steps(*given)
        runs.append(time.perf_counter() - begin)
        return step

    vars(walk_kernel)["run_steps"] = timed
    try:
        for _ in range(repeats):
            path_of(periods, setting.decision_rows, setting.targets, setting.lag, setting.terms)
    finally:
        vars(walk_kernel)["run_steps"] = run_steps


def _best(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
