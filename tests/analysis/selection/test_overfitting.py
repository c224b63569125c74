"""The probability of backtest overfitting equals its definition, is one half on noise, and near 0 with skill."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata

from backtest.analysis.selection.overfitting import BlockSums, backtest_overfitting, block_sums
from backtest.errors import BacktestError


def noise(seed: int, periods: int, trials: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.002, 0.02, (periods, trials))


def by_definition(returns: np.ndarray, blocks: int) -> list[tuple[int, float, float, float]]:
    """Best trial, logit and both Sharpe ratios for each choice of blocks, from the returns themselves."""
    parts, found = np.array_split(returns, blocks), []
    for half in combinations(range(blocks), blocks // 2):
        sides = [np.concatenate([part for k, part in enumerate(parts) if (k in half) == inside]) for inside in (1, 0)]
        inside, outside = (side.mean(axis=0) / side.std(axis=0, ddof=1) for side in sides)
        best = int(inside.argmax())
        share = rankdata(outside)[best] / (returns.shape[1] + 1)
        found.append((best, float(np.log(share / (1 - share))), inside[best], outside[best]))
    return found


@pytest.mark.parametrize("periods", [60, 65])
def test_every_choice_equals_the_definition(periods: int) -> None:
    returns = noise(3, periods, 9)
    result, expected = backtest_overfitting(block_sums(returns, 6)), by_definition(returns, 6)
    choices = zip(result.chosen, result.logits, result.in_sample, result.out_of_sample, strict=True)
    np.testing.assert_allclose(sorted(choices), sorted(expected), rtol=1e-9)
    assert result.probability == np.mean([logit <= 0 for _, logit, _, _ in expected])


def test_probability_is_one_half_on_noise() -> None:
    """Mean over 200 sets of trials: one set has a standard deviation of 0.16, the mean of 0.011."""
    found = [backtest_overfitting(block_sums(noise(seed, 240, 50), 8)).probability for seed in range(200)]
    assert abs(np.mean(found) - 0.5) < 0.05


def test_probability_is_low_if_one_rule_is_better() -> None:
    returns = noise(1, 480, 100)
    returns[:, 42] += 0.01
    result = backtest_overfitting(block_sums(returns))
    assert result.probability < 0.05
    assert np.mean(result.chosen == 42) > 0.95


def test_all_choices_of_sixteen_blocks_are_made() -> None:
    result = backtest_overfitting(block_sums(noise(1, 64, 5)))
    assert [len(part) for part in (result.logits, result.chosen, result.in_sample)] == [12_870] * 3


def test_equal_trials_share_their_ranks() -> None:
    """The best of equal trials is in the middle in the other half: its logit is 0."""
    returns = np.repeat(noise(1, 40, 1), 5, axis=1)
    result = backtest_overfitting(block_sums(returns, 4))
    assert (result.logits == 0).all()
    assert (result.chosen == 0).all()


def test_cash_has_a_sharpe_ratio_of_zero() -> None:
    """A loss-maker and cash: cash is the best everywhere."""
    returns = np.column_stack([np.full(40, -0.01) + noise(1, 40, 1)[:, 0] * 0.01, np.zeros(40)])
    result = backtest_overfitting(block_sums(returns, 4))
    assert result.probability == 0
    assert (result.in_sample == 0).all()


def test_many_trials_are_taken_some_choices_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backtest_overfitting(block_sums(noise(1, 60, 20), 6))
    monkeypatch.setattr("backtest.analysis.selection.overfitting._CELLS", 60)
    parts = backtest_overfitting(block_sums(noise(1, 60, 20), 6))
    assert parts.probability == whole.probability
    np.testing.assert_array_equal(np.sort(parts.logits), np.sort(whole.logits))


@pytest.mark.parametrize(("blocks", "trials"), [(5, 4), (4, 1)])
def test_odd_blocks_and_single_trials_are_errors(blocks: int, trials: int) -> None:
    with pytest.raises(BacktestError, match=f"^got {blocks} blocks of {trials} trials; expected an even number"):
        backtest_overfitting(block_sums(noise(1, 40, trials), blocks))


def test_more_blocks_than_periods_are_an_error() -> None:
    with pytest.raises(BacktestError, match=r"^got 3 periods for 16 blocks; expected at least one period a block"):
        block_sums(noise(1, 3, 2))


def test_missing_returns_are_an_error() -> None:
    with pytest.raises(BacktestError, match=r"^excess_returns\[1, 0\] is nan"):
        block_sums(np.array([[0.1], [np.nan]]), 2)
    sums = BlockSums(np.ones(2), np.full((2, 2), np.nan), np.ones((2, 2)))
    with pytest.raises(BacktestError, match=r"is nan, expected a finite number"):
        backtest_overfitting(sums)
