"""Runs with a benchmark against the oracle: both cover the same dates, each with its own schedule and terms.

Tolerances come from `test_whole_runs`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.agreement.run_agreement import agree, agree_on_comparison
from support.agreement.run_case import Case, accuracy
from support.agreement.run_files import NAMES, STRATEGIES, VOLATILITIES, Files, random_case, random_terms
from support.builders.market_files import random_levels


def with_benchmark(case: Case, benchmark: Case) -> tuple[int, int]:
    """Return the rows of the first decisions of both, which trade first on the later of their own first trade dates."""
    start = max(case.first_decision + case.lag, benchmark.first_decision + benchmark.lag)
    return start - case.lag, start - benchmark.lag


@pytest.mark.parametrize(
    ("frequency", "lag", "window", "other_frequency", "other_lag", "other_window"),
    [
        ("monthly", 0, 12, "monthly", 0, 12),
        ("monthly", 1, 30, "quarterly", 3, 5),  # the run begins later
        ("quarterly", 0, 5, "weekly", 1, 31),  # the benchmark begins later, between two of the run's rebalance dates
        ("daily", 3, 8, "never", 0, 20),
        ("never", 1, 8, "yearly", 0, 20),
        ("yearly", 0, 10, "monthly", 1, 3),
    ],
)
@pytest.mark.parametrize("other", ["fixed_levered", "inverse_volatility"])
def test_a_benchmark_covers_the_same_dates(
    tmp_path: Path,
    frequency: str,
    lag: int,
    window: int,
    other_frequency: str,
    other_lag: int,
    other_window: int,
    other: str,
) -> None:
    """Each keeps its own schedule, lag, window, terms and strategy, and both begin at the later first trade.

    The run that could have begun earlier makes its first decision as many dates before that trade as its lag, on a
    rebalance date or not.
    """
    rng = np.random.default_rng(window)
    case, files = random_case(tmp_path, rng, "daily", STRATEGIES["erc"], cash="series")
    case.frequency, case.lag, case.window = frequency, lag, window
    case.terms = random_terms(rng, per_asset=True, free=False)
    compared = Case(case.dates, case.prices, case.cash, 252, STRATEGIES[other])
    compared.frequency, compared.lag, compared.window = other_frequency, other_lag, other_window
    compared.terms = random_terms(rng, per_asset=False, free=False)
    files.config("benchmark", compared)
    result = bt.run(files.config("run", case, benchmark="benchmark.yaml"))
    assert result.benchmark is not None
    begin, other_begin = with_benchmark(case, compared)
    agree(result, case, case.path(begin), begin, accuracy(case))
    agree(result.benchmark, compared, compared.path(other_begin), other_begin, accuracy(compared))
    agree_on_comparison(result.summary()["benchmark"], case, case.path(begin), compared.path(other_begin))


@pytest.mark.parametrize("lag", [0, 2])
def test_a_benchmark_with_holidays_of_its_own(tmp_path: Path, lag: int) -> None:
    """Two files whose dates differ, of which one begins later and the other ends later.

    Both end at the earlier last date; from where both have begun, only dates that both have are kept, and returns are
    compounded over the other dates. Before that each keeps its own dates, so that windows can fill. Cash is compounded
    by a product of all its returns, each accurate to 1e-16: 1e-11 in all.
    """
    rng = np.random.default_rng(lag)
    every = pd.bdate_range("2019-01-07", periods=170)
    frame = pd.DataFrame(random_levels(every, [*VOLATILITIES, 0.004], rng), index=every, columns=[*NAMES, "bills"])
    kept = [np.sort(rng.choice(150, 135, replace=False)), 30 + np.sort(rng.choice(140, 125, replace=False))]
    parts = [frame.iloc[rows] for rows in kept]
    begin, end = max(part.index[0] for part in parts), min(part.index[-1] for part in parts)
    shared = parts[0].index.intersection(parts[1].index)
    cases, configs = [], []
    for part, name in zip(parts, ("erc", "fixed_levered"), strict=True):
        folder = tmp_path / name
        folder.mkdir()
        files = Files(folder, part, {"source": "csv", "path": f"{name}/market.csv", "cash": "bills"})
        files.rewrite(part)
        files.folder = tmp_path
        cut = part[(part.index <= end) & ((part.index < begin) | part.index.isin(shared))]
        cash = [0.0, *cut["bills"].pct_change().iloc[1:]]
        prices: dict[str, list[float | None]] = {asset: cut[asset].tolist() for asset in NAMES}
        case = Case([day.date() for day in cut.index], prices, cash, 252, STRATEGIES[name], lag=lag)
        case.terms = random_terms(rng, per_asset=True, free=False)
        cases.append(case)
        configs.append(files)
    assert len(cases[0].dates) < 135, "the case is meant to leave dates out"
    configs[1].config("benchmark", cases[1])
    result = bt.run(configs[0].config("run", cases[0], benchmark="benchmark.yaml"))
    assert result.benchmark is not None
    assert any("left out" in note for note in result.notes)
    start = max(case.dates[case.first_decision + lag] for case in cases)
    for one, case in zip((result, result.benchmark), cases, strict=True):
        first = case.dates.index(start) - lag
        agree(one, case, case.path(first), first, 1e-10 if case.estimates else 1e-11)


@pytest.mark.parametrize("lag", [0, 1])
def test_leverage_to_the_benchmarks_volatility_equals_the_oracle(tmp_path: Path, lag: int) -> None:
    """`target_volatility: benchmark`: the benchmark's target weights at that date, by the run's own covariance."""
    rng = np.random.default_rng(lag)
    levered = {"name": "levered_erc", "target_volatility": "benchmark", "max_gross_exposure": 4.0}
    case, files = random_case(tmp_path, rng, "weekly", levered, cash="series")
    benchmark = Case(case.dates, case.prices, case.cash, 52, STRATEGIES["fixed"], lag=0, frequency="quarterly")
    case.benchmark, case.lag, case.window = benchmark, lag, 26
    case.terms = benchmark.terms = random_terms(rng, per_asset=True, free=False)
    files.config("benchmark", benchmark)
    result = bt.run(files.config("run", case, benchmark="benchmark.yaml"))
    begin, _ = with_benchmark(case, benchmark)
    agree(result, case, case.path(begin), begin, accuracy(case))
    assert result.gross_exposure.max() > 1, "the case is meant to borrow"
