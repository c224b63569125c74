"""Intervals of the headline numbers: the draws in plain NumPy, their coverage, and their stability."""

import json
from typing import Any

import numpy as np
import pytest

import backtest as bt
from backtest.analysis.metrics import performance
from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED, block_length, percentile_interval, stationary_rows
from backtest.analysis.uncertainty.confidence import FEWEST, confidence, measures_of_draws
from backtest.reporting.files.report_files import json_bytes
from support.builders.synthetic_result import synthetic_result

NUMBERS = ("cagr", "volatility", "sharpe", "max_drawdown")


@pytest.mark.parametrize(("count", "length"), [(24, 1.0), (60, 3.0), (3_000, 40.0), (66_000, 2.0)])
def test_measures_of_draws_equal_plain_numpy_on_the_same_rows(count: int, length: float) -> None:
    """Draws are divided among cores. The tolerance of 1e-12 is the rounding of sums."""
    rng, draws = np.random.default_rng(count), 40 if count < 10_000 else 3
    returns = rng.normal(0.0, 0.01, count)
    excess = returns - rng.uniform(0.0, 0.001, count)
    found = measures_of_draws(returns, excess, length, draws)
    for draw, rows in enumerate(stationary_rows(count, length, draws)):
        nav = np.cumprod(np.append(1.0, 1 + returns[rows]))
        deviations = (returns[rows].std(ddof=1), excess[rows].std(ddof=1))
        expected = (nav[-1], deviations[0], excess[rows].mean(), deviations[1], drawdown(nav).min())
        assert found[:, draw] == pytest.approx(expected, abs=1e-12)


def test_rows_of_draws_equal_the_definition_in_plain_integers() -> None:
    """SplitMix64 (Steele, Lea, Flood 2014) in Python's integers; the high half of the bits starts new blocks."""
    seed, count, length, wide = 1994, 37, 2.5, 2**64

    def mixed(state: int) -> int:
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % wide
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % wide
        return state ^ (state >> 31)

    assert mixed((1234567 + 0x9E3779B97F4A7C15) % wide) == 6457827717110365317  # the first number of seed 1234567
    found = stationary_rows(count, length, 5, first=3, seed=seed)
    for draw, rows in enumerate(found, 3):
        state = mixed((seed << 32) + draw)
        at = (mixed(state) & 0xFFFFFFFF) * count // 2**32 - 1
        for row in rows:
            state = (state + 0x9E3779B97F4A7C15) % wide
            random = mixed(state)
            at = (at + 1) % count
            if random >> 32 < round(2**32 / length):
                at = (random & 0xFFFFFFFF) * count >> 32
            assert row == at
    assert found.tolist() == stationary_rows(count, length, 8)[3:].tolist()


@pytest.mark.parametrize(("count", "periods_per_year"), [(24, 12), (288, 12), (2_520, 252)])
def test_displayed_digits_do_not_depend_on_the_seed(count: int, periods_per_year: int) -> None:
    """The last digit is worth four standard errors, so the deviation between seeds is at most a quarter of a unit.

    The deviation of twenty seeds is itself known to 0.16 of it: 0.25 × (1 + 3 × 0.16).
    """
    rng = np.random.default_rng(count)
    excess = rng.standard_t(5, count) * 0.1 / np.sqrt(periods_per_year) + 0.05 / periods_per_year
    years = count / periods_per_year
    found = [confidence(excess, excess, years, periods_per_year, seed=seed) for seed in range(20)]
    for name in NUMBERS:
        ends = np.array([getattr(one, name) for one in found])
        decimals = max(one.decimals[name] for one in found)
        assert ends.std(axis=0, ddof=1).max() * 10.0**decimals < 0.37, name
        assert len(np.unique(ends)) > 2  # other seeds, other draws
    assert found[0].decimals["sharpe"] == 1


def test_intervals_are_percentiles_of_the_summarys_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(confidence.__globals__, "DRAWS", (1_000, 1_000))
    result = synthetic_result(60, gross=1.5)
    returns, excess = result.returns.to_numpy(), result.excess_returns.to_numpy()
    length = max(block_length(excess), block_length((returns - returns.mean()) ** 2))
    years = performance.years_between(result.nav.index[0].to_datetime64(), result.nav.index[-1].to_datetime64())
    drawn: dict[str, list[float]] = {name: [] for name in NUMBERS}
    for rows in stationary_rows(60, length, 1_000):
        nav = np.cumprod(np.append(1.0, 1 + returns[rows]))
        drawn["cagr"].append(performance.cagr(float(nav[-1]), years))
        drawn["volatility"].append(performance.volatility(returns[rows], 12))
        drawn["sharpe"].append(performance.sharpe(excess[rows], 12))
        drawn["max_drawdown"].append(float(drawdown(nav).min()))
    found = result.summary()["confidence"]
    assert [found[key] for key in ("level", "draws", "seed", "mean_block_periods")] == [LEVEL, 1_000, SEED, length]
    for name, values in drawn.items():
        assert found[name] == pytest.approx(percentile_interval(np.array(values), LEVEL), abs=1e-11), name


def test_nineteen_of_twenty_intervals_of_normal_returns_contain_the_true_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty years of months whose growth is log-normal, 150 times, with the true numbers in closed form.

    The share of 150 has an error of 1.8 %, so three are 5.3 %. Percentile intervals are also a little too short:
    they have the skew of the estimate, a standard deviation with divisor P, and blocks that are longer than one by
    chance. At 240 periods this amounts to about 1 %. The chance that none of 150 misses is 0.0005.
    """
    monkeypatch.setitem(confidence.__globals__, "DRAWS", (1_000, 1_000))  # enough for coverage
    rng, mean, deviation, cash = np.random.default_rng(7), 0.006, 0.04, 0.002
    growth = np.exp(mean + deviation**2 / 2)
    spread = growth * np.sqrt(np.expm1(deviation**2))
    true = {
        "cagr": np.expm1(12 * mean),
        "volatility": np.sqrt(12) * spread,
        "sharpe": np.sqrt(12) * (growth - 1 - cash) / spread,
    }
    held = dict.fromkeys(true, 0)
    for _ in range(150):
        returns = np.expm1(rng.normal(mean, deviation, 240))
        found = confidence(returns, returns - cash, 20.0, 12)
        for name, value in true.items():
            low, high = getattr(found, name)
            held[name] += low <= value <= high
    for name, times in held.items():
        assert 0.95 - 0.053 - 0.01 <= times / 150 < 1, name


def test_clustered_volatility_widens_the_intervals_that_depend_on_it() -> None:
    """The mean alone would give short blocks: returns are uncorrelated, but their sizes are not."""
    rng = np.random.default_rng(4)
    returns = 0.01 * np.repeat(rng.choice([0.4, 2.0], 100), 25) * rng.normal(size=2_500)
    spells, shuffled = (confidence(one, one, 10.0, 252) for one in (returns, rng.permutation(returns)))
    assert spells.mean_block > 5 * shuffled.mean_block
    assert np.ptp(spells.volatility or np.nan) > 1.5 * np.ptp(shuffled.volatility or np.nan)


@pytest.mark.parametrize("name", ["60_40", "erc", "levered_erc"])
def test_numbers_of_runs_and_benchmarks_lie_within_their_intervals(name: str) -> None:
    summary = bt.run(f"configs/{name}.yaml").summary()
    for one in (summary, summary.get("benchmark", summary)):
        for number in NUMBERS:
            low, high = one["confidence"][number]
            assert low < one[number] < high
        assert one["confidence"]["max_drawdown"][1] < 0
    if "benchmark" in summary:
        assert summary["confidence"]["cagr"] != summary["benchmark"]["confidence"]["cagr"]


def test_leverage_at_cash_keeps_the_sharpe_interval_and_scales_the_volatility_interval() -> None:
    """Returns are c + L (r - c) with a constant c: excess returns times L, with the same blocks up to rounding."""
    rng, cash = np.random.default_rng(2), 0.002
    excess = rng.normal(0.004, 0.03, 180)
    plain, levered = (confidence(cash + by * excess, by * excess, 15.0, 12) for by in (1.0, 2.5))
    assert levered.mean_block == pytest.approx(plain.mean_block, rel=1e-9)
    assert plain.sharpe is not None
    assert plain.volatility is not None
    assert levered.sharpe == pytest.approx(plain.sharpe, rel=1e-9)
    assert levered.volatility == pytest.approx(tuple(2.5 * end for end in plain.volatility), rel=1e-9)


def test_repeated_runs_have_the_same_intervals() -> None:
    first, again = (json_bytes(synthetic_result(120).summary()) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    "result",
    [
        synthetic_result(1),
        synthetic_result(FEWEST - 1),
        synthetic_result(60, still=True),
        synthetic_result(60, ruined=True),
    ],
    ids=["one period", "few", "still", "ruined"],
)
def test_too_little_data_gives_no_intervals(result: Any) -> None:
    found = json.loads(json_bytes(result.summary()))["confidence"]
    assert [found[name] for name in (*NUMBERS, "mean_block_periods")] == [None] * 5
    assert found["level"] == LEVEL


def test_the_fewest_periods_allowed_give_intervals() -> None:
    found = synthetic_result(FEWEST).summary()["confidence"]
    assert all(found[name] is not None for name in NUMBERS)


def test_a_draw_without_excess_risk_leaves_the_sharpe_ratio_without_an_interval() -> None:
    """One month of thirty is not zero, and a share of e^-1 of the draws omit it."""
    returns = np.zeros(30)
    returns[7] = 0.05
    found = confidence(returns, returns, 2.5, 12)
    assert found.sharpe is None
    assert found.volatility is not None
    assert found.volatility[0] == 0
    steady = np.full(30, 0.01)
    steady[7] = 0.05
    assert confidence(steady, steady, 2.5, 12).sharpe is None  # rounding is no risk
