"""Standard errors by batches and by cosines, the influences they use, and the years needed to tell a difference."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm, t

from backtest.analysis.uncertainty.batches import (
    BATCHES,
    batch_ends,
    batch_errors,
    sharpe_influences,
    variance_influences,
)
from backtest.analysis.uncertainty.long_run import cosine_error, two_sided, years_needed

VALUES = np.random.default_rng(1).standard_t(5, 37) * 0.02 + 0.003


@pytest.mark.parametrize("count", [12, 13, 23, 24, 1_000])
def test_batches_cover_all_periods_and_differ_by_one_at_most(count: int) -> None:
    sizes = np.diff(np.append(0, batch_ends(count)))
    assert (len(sizes), sizes.sum()) == (BATCHES, count)
    assert np.ptp(sizes) <= 1


def test_the_error_by_batches_of_one_period_is_the_textbook_error() -> None:
    values = VALUES[:BATCHES] - VALUES[:BATCHES].mean()
    expected = values.std(ddof=1) / math.sqrt(BATCHES)
    assert batch_errors(values[:, None])[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("influences", "statistic"),
    [
        (variance_influences, lambda w: np.log(w @ VALUES**2 - (w @ VALUES) ** 2)),
        (sharpe_influences, lambda w: w @ VALUES / np.sqrt(w @ VALUES**2 - (w @ VALUES) ** 2)),
    ],
)
def test_influences_are_derivatives_by_the_weights_of_periods(
    influences: Callable[[np.ndarray], np.ndarray], statistic: Callable[[np.ndarray], float]
) -> None:
    """Of (1 - ε) × all + ε × one; steps of 1e-5 leave 1e-8."""
    count, step = len(VALUES), 1e-5
    for k, found in enumerate(influences(VALUES)):
        towards = np.eye(count)[k] - 1 / count
        sides = [statistic(1 / count + sign * step * towards) for sign in (1, -1)]
        assert found == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-6)


def test_the_cosine_error_equals_the_papers_sums() -> None:
    values = VALUES - VALUES.mean()
    count = len(values)
    freedom = round(0.4 * count ** (2 / 3))
    steps = (np.arange(1, count + 1) - 0.5) / count
    squares = [2 / count * (values @ np.cos(math.pi * j * steps)) ** 2 for j in range(1, freedom + 1)]
    assert cosine_error(values) == pytest.approx((math.sqrt(np.mean(squares) / count), freedom), rel=1e-12)


def test_the_cosine_error_of_an_autoregression_has_its_long_run_variance() -> None:
    """Its variance of a mean is (1 + ρ) / (1 - ρ) = 3 times the one of independent periods; 271 squares err by 9 %."""
    values = np.random.default_rng(2).standard_normal(17_500)
    for k in range(1, len(values)):
        values[k] += 0.5 * values[k - 1]
    error, freedom = cosine_error(values - values.mean())
    assert freedom == 270
    assert error * math.sqrt(len(values)) / values.std() == pytest.approx(math.sqrt(3), rel=3 * 0.045)


@pytest.mark.parametrize("error", [lambda x: batch_errors(x[:, None])[0], lambda x: cosine_error(x)[0]])
@pytest.mark.parametrize("values", [np.tile([1.0, -1.0], 120), np.full(240, 1e-17)], ids=["alternating", "rounding"])
def test_influences_that_cancel_out_have_no_error(error: Callable[[np.ndarray], float], values: np.ndarray) -> None:
    assert math.isnan(error(values - values.mean()))


def test_p_values_are_students() -> None:
    assert two_sided(-1.7, 9) == pytest.approx(2 * t.sf(1.7, 9), abs=1e-14)


def test_a_test_over_the_years_needed_finds_four_of_five_differences() -> None:
    """The error over those years is e × sqrt(years / needed), and P(z + d / error > z_0.975) is the power."""
    needed = years_needed(0.1, 0.2, 24.0)
    error = 0.2 * math.sqrt(24.0 / needed)
    assert norm.sf(norm.ppf(0.975) - 0.1 / error) == pytest.approx(0.8, abs=1e-6)
    assert years_needed(-0.1, 0.2, 24.0) == needed
    assert years_needed(0.0, 0.2, 24.0) == math.inf
    assert math.isnan(years_needed(0.1, math.nan, 24.0))
