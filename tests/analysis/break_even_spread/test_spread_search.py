"""The root, the bootstrap and its block length. Break-even spreads of runs are tested next to the runs."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from backtest.analysis.break_even_spread import spread_search
from backtest.analysis.break_even_spread.spread_search import (
    BOUND,
    Measure,
    PairedReturns,
    bootstrap_interval,
    break_even_spread,
    compound_return,
    sharpe_ratio,
)
from backtest.analysis.uncertainty.bootstrap import (
    LEVEL,
    block_length,
    stationary_rows,
)


def mean_return(returns: np.ndarray) -> np.ndarray:
    """Return the simplest measure: its break-even is mean difference / mean exposure."""
    mean: np.ndarray = returns.mean(axis=-1)
    return mean


def excess_at(pairs: PairedReturns, measure: Measure, spread: float) -> float:
    return float(measure(pairs.at(spread)) - measure(pairs.other))


def pairs_of(rng: np.random.Generator, count: int, exposure: float = 0.05, ahead: float = 0.002) -> PairedReturns:
    """Return monthly returns of a strategy with a constant lead, and of a benchmark, with correlation 0.5."""
    both = rng.standard_normal((count, 3))
    own, other = (0.006 + 0.02 * (both[:, i] + both[:, 2]) for i in (0, 1))
    return PairedReturns(own + ahead, exposure * rng.uniform(0.5, 1.5, count), other, 0.0)


# 1. The root


@given(root=st.floats(-0.19, 0.19), slope=st.floats(0.001, 3.0))
def test_the_root_of_a_line_is_exact(root: float, slope: float) -> None:
    """1e-12 of a spread is 1e-8 bp. The search stops at 1e-13, and the rounding of the line is 1e-17 / slope."""
    assert break_even_spread(lambda spread: slope * (root - spread)) == pytest.approx(root, abs=1e-12)


@pytest.mark.parametrize(("level", "found"), [(1.0, np.inf), (-1.0, -np.inf)])
def test_an_excess_of_one_sign_has_an_infinite_break_even(level: float, found: float) -> None:
    """A line whose root lies just beyond the bound has none; just within the bound it is found."""
    assert break_even_spread(lambda spread: level * 1.001 * BOUND - spread) == found
    assert break_even_spread(lambda spread: level * 0.999 * BOUND - spread) == pytest.approx(level * 0.999 * BOUND)


def test_the_root_nearer_to_zero_is_returned() -> None:
    """A Sharpe ratio may turn far from zero: here at 12 %, beyond the root at 4 %."""
    assert break_even_spread(lambda spread: (spread - 0.04) * (spread - 0.2)) == pytest.approx(0.04, abs=1e-12)


def test_an_undefined_measure_has_no_break_even() -> None:
    assert np.isnan(break_even_spread(lambda spread: np.nan))
    assert break_even_spread(lambda spread: -spread) == 0


def test_the_sharpe_break_even_equals_its_closed_form() -> None:
    """A constant exposure c changes the mean alone: m - s c = SR_other × sd, so s = (m - SR_other sd) / c."""
    rng = np.random.default_rng(3)
    own, other = 0.008 + 0.03 * rng.standard_normal(60), 0.004 + 0.02 * rng.standard_normal(60)
    pairs = PairedReturns(own, np.full(60, 0.08), other, 0.0)
    expected = (own.mean() - other.mean() / other.std(ddof=1) * own.std(ddof=1)) / 0.08
    found = break_even_spread(partial(excess_at, pairs, partial(sharpe_ratio, periods_per_year=12)))
    assert abs(expected) < BOUND
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_total_loss_is_a_return_of_minus_one() -> None:
    assert compound_return(np.array([0.5, -1.2, -1.3]), 2.0) == -1


# 2. The bootstrap


@pytest.mark.parametrize("length", [1.0, 4.0, 25.0])
def test_blocks_are_geometric_and_begin_anywhere(length: float) -> None:
    """The next row follows with probability 1 - 1/b, or by chance, 1/(b n); each row is drawn as often.

    Over 4000 draws of 50 rows the standard error of the share is below 0.0012, and the standard error of a row's share
    of 0.02 below 0.0003 sqrt(2 b). The bands are four standard errors.
    """
    count = 50
    rows = stationary_rows(count, length, 4000)
    follows = ((rows[:, 1:] - rows[:, :-1]) % count == 1).mean()
    assert follows == pytest.approx(1 - 1 / length + 1 / (length * count), abs=0.005)
    shares = np.bincount(rows.ravel(), minlength=count) / rows.size
    assert len(shares) == count
    assert np.abs(shares - 1 / count).max() < 0.0012 * np.sqrt(2 * length)


@pytest.mark.parametrize("values", [np.zeros(100), np.arange(3.0), np.arange(1.0)], ids=["constant", "three", "one"])
def test_constant_or_short_returns_have_blocks_of_one(values: np.ndarray) -> None:
    assert block_length(values) == 1.0


def test_the_interval_of_a_mean_equals_the_textbook_formula() -> None:
    """Independent returns and a constant exposure c: s ± 1.96 sd / (c sqrt(P)), within the 5 % error of 2000 draws."""
    pairs = pairs_of(np.random.default_rng(5), 400)
    pairs = PairedReturns(pairs.own, np.full(400, 0.05), pairs.other, 0.01)
    difference = pairs.own - pairs.other
    centre, half = 0.01 + difference.mean() / 0.05, 1.96 * difference.std(ddof=1) / 0.05 / 20
    (low, high), _ = bootstrap_interval(pairs, mean_return, length=1.0)
    assert low == pytest.approx(centre - half, abs=0.1 * half)
    assert high == pytest.approx(centre + half, abs=0.1 * half)


def test_autocorrelated_returns_widen_the_interval() -> None:
    """The mean of an autoregression of 0.6 has twice the standard error that independent draws show."""
    rng, count = np.random.default_rng(9), 600
    ahead = 0.01 * rng.standard_normal(count)
    for t in range(1, count):
        ahead[t] += 0.6 * ahead[t - 1]
    pairs = PairedReturns(0.001 + ahead, np.full(count, 0.1), np.zeros(count), 0.0)
    wide, narrow = (
        np.diff(bootstrap_interval(pairs, mean_return, length=length, draws=500)[0])[0]
        for length in (block_length(ahead), 1.0)
    )
    assert 1.4 < wide / narrow < 2.4


@pytest.mark.parametrize(
    ("test_of", "measure"),
    [("return", partial(compound_return, years=10.0)), ("Sharpe ratio", partial(sharpe_ratio, periods_per_year=12))],
)
def test_the_interval_covers_the_truth_at_its_stated_level(test_of: str, measure: Measure) -> None:
    """60 histories of ten years from a population of 20,000 months, whose own break-even is the truth.

    57 are expected in the long run; fewer than 52 has a chance of one in 80. The test against the textbook interval
    above shows that the intervals are no wider than necessary.
    """
    rng = np.random.default_rng(21)
    population = pairs_of(rng, 20_000, ahead=0.0015)
    whole = partial(compound_return, years=20_000 / 12) if test_of == "return" else measure
    truth = break_even_spread(partial(excess_at, population, whole))
    assert 0.005 < truth < 0.1
    covered = 0
    for k in range(60):
        history = population.take(rng.integers(20_000, size=120))
        (low, high), _ = bootstrap_interval(history, measure, length=1.0, draws=100, seed=k)
        covered += low <= truth <= high
    assert covered >= 52


def test_an_interval_end_beyond_the_searched_range_is_infinite() -> None:
    """With hardly any loan, draws in which the strategy is behind have no break-even: that end is infinite, not NaN."""
    pairs = pairs_of(np.random.default_rng(2), 60, exposure=0.001)
    assert bootstrap_interval(pairs, mean_return, length=1.0, draws=200)[0] == (-np.inf, np.inf)


def test_displayed_digits_of_an_interval_do_not_depend_on_the_seed() -> None:
    """The deviation between twenty seeds, known to 0.16 of itself, is at most a quarter of a unit of the last digit."""
    pairs = pairs_of(np.random.default_rng(8), 120)
    measure = partial(compound_return, years=10.0)
    found = [bootstrap_interval(pairs, measure, length=2.0, seed=seed) for seed in range(20)]
    ends, decimals = np.array([interval for interval, _ in found]), max(digits for _, digits in found)
    assert decimals in {2, 3}  # hundreds or tens of basis points
    assert ends.std(axis=0, ddof=1).max() * 10.0**decimals < 0.25 * (1 + 3 * 0.16)


def test_the_interval_depends_on_the_seed_alone() -> None:
    pairs = pairs_of(np.random.default_rng(4), 100)
    first, again, other = (bootstrap_interval(pairs, mean_return, length=2.0, draws=50, seed=s)[0] for s in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("measure", [partial(compound_return, years=5.0), partial(sharpe_ratio, periods_per_year=12)])
def test_roots_of_draws_in_batches_equal_roots_one_at_a_time(measure: Measure) -> None:
    """Each draw has its own root by scipy's Brent; some have none within the bound.

    Both stop within 1e-13 of the root.
    """
    rng, draws = np.random.default_rng(6), 300
    pairs = pairs_of(rng, 60, exposure=0.03)
    spreads = []
    for rows in stationary_rows(60, 3.0, draws):
        drawn = pairs.take(rows)
        low, high = (excess_at(drawn, measure, end) for end in (-BOUND, BOUND))
        if low * high > 0:
            spreads.append(np.copysign(np.inf, low))
        else:
            spreads.append(brentq(partial(excess_at, drawn, measure), -BOUND, BOUND, xtol=1e-14))
    assert 0 < np.isinf(spreads).sum() < draws
    expected = np.quantile(spreads, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    found, _ = bootstrap_interval(pairs, measure, length=3.0, draws=draws)
    assert found == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize("draws", [1, 2, 7])
def test_draws_do_not_depend_on_the_size_of_batches(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = pairs_of(np.random.default_rng(6), 24, exposure=0.03)
    whole = bootstrap_interval(pairs, mean_return, length=3.0, draws=draws)
    for draws_each in (1, 2, 3):
        monkeypatch.setattr(spread_search, "_BATCH", 24 * draws_each)
        assert bootstrap_interval(pairs, mean_return, length=3.0, draws=draws) == whole


def test_two_returns_have_a_sharpe_ratio_and_one_has_none() -> None:
    """Mean 1 %, deviation 2 % / sqrt(2): the ratio is sqrt(12 / 2)."""
    assert sharpe_ratio(np.array([0.02, 0.0]), 12) == pytest.approx(np.sqrt(6), rel=1e-14)
    assert np.isnan(sharpe_ratio(np.array([0.02]), 12))
