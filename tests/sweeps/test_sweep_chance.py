"""Effect of a search on its best run: the numbers follow from the rows and from returns of the same dates."""

from pathlib import Path

import numpy as np
import pytest

import backtest as bt
from backtest.analysis.selection.sharpe_probability import deflated_sharpe, expected_best_sharpe, minimum_track_record
from backtest.sweeps.sweep_chance import MOST_RETURNS, looked_at, luck_of
from backtest.sweeps.sweep_numbers import NUMBERS, GroupNumbers
from backtest.sweeps.sweep_result import Sweep

CONFIG = Path(__file__).parents[2] / "configs/erc.yaml"


@pytest.fixture(scope="module")
def found() -> Sweep:
    """Few rules, of which some differ in costs alone and are nearly one."""
    grid = {"strategy": ["erc", "equal_weight", "inverse_variance"], "costs.trading_bps": [0, 5, 10]}
    return bt.sweep(CONFIG, grid, {"start": "1995-01-31"})


def test_chance_follows_from_the_rows(found: Sweep) -> None:
    chance, frame = found.chance, found.frame
    assert chance is not None
    best = int(frame["sharpe"].to_numpy().argmax())
    sharpe, periods, *moments = map(float, frame.loc[best, ["sharpe", "periods", "skew", "kurtosis"]])
    assert (chance.best, chance.sharpe, chance.trials) == (best, sharpe, 9)
    assert chance.independent == 3  # costs make no new rule
    a_month = sharpe / 12**0.5
    variance = float((frame["sharpe"] / 12**0.5).var())
    by_chance = float(expected_best_sharpe(3, variance))
    assert chance.by_chance == pytest.approx(by_chance * 12**0.5)
    assert chance.deflated == pytest.approx(
        float(deflated_sharpe(a_month, periods, *moments, trials=3, variance=variance))
    )
    months = float(minimum_track_record(a_month, *moments, threshold=by_chance))
    assert chance.years_needed == pytest.approx(months / 12)
    assert 0 <= chance.overfitting <= 1
    assert 0 <= chance.luck <= 1  # against 60/40
    assert chance.sentence.startswith("best of 9 runs, 3 of them independent: Sharpe ratio 0.")


def test_luck_is_the_reality_check_of_sharpe_ratios() -> None:
    """Leverage does not matter; a rule that is truly better than the benchmark is no luck."""
    random = np.random.default_rng(2)
    benchmark, noise = random.normal(0.005, 0.03, 240), random.normal(0.0, 0.02, (240, 5))
    same = benchmark[:, None] + noise
    assert luck_of(same, benchmark) > 0.2
    assert luck_of(3 * same, benchmark) == luck_of(same, benchmark)
    assert luck_of(same + 0.02 * np.eye(5)[0], benchmark) < 0.01
    assert np.isnan(luck_of(same, np.zeros(240)))


def test_long_histories_are_summed_for_the_reality_check() -> None:
    random = np.random.default_rng(4)
    days = random.normal(0.0003, 0.01, (1800, 4))
    months = days.reshape(600, 3, 4).sum(axis=1)
    assert luck_of(days[:, 1:], days[:, 0]) == luck_of(months[:, 1:], months[:, 0])


def test_a_single_run_is_not_selected() -> None:
    chance = bt.sweep(CONFIG, {"costs.trading_bps": [5]}).chance
    assert chance is not None
    assert (chance.trials, chance.independent, chance.by_chance) == (1, 1, 0.0)
    assert np.isnan(chance.overfitting)


def test_without_a_sharpe_ratio_there_is_no_chance() -> None:
    assert bt.sweep(CONFIG, {"estimation.window": ["90Y"]}).chance is None


def test_runs_on_the_dates_of_the_best_are_looked_at_the_best_first() -> None:
    numbers = GroupNumbers.empty(np.arange(500))
    sharpe = numbers.numbers[:, NUMBERS.index("sharpe")]
    sharpe[:] = np.random.default_rng(0).normal(size=500)
    sharpe[7], sharpe[400] = np.nan, 9.0
    numbers.dates[:] = np.datetime64("2020-01-31")
    numbers.dates[:100, 0] = np.datetime64("2019-01-31")
    runs = looked_at(numbers)
    assert (runs[0], len(runs), len(set(runs.tolist()))) == (400, MOST_RETURNS, MOST_RETURNS)
    assert runs.min() >= 100
    np.testing.assert_array_equal(runs, looked_at(numbers))
