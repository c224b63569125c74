"""The histogram of returns, against NumPy's own rule and the normal distribution of SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backtest.analysis.metrics.distribution import FEWEST_BINS, MOST_BINS, histogram
from support.builders.synthetic_result import synthetic_result


@pytest.mark.parametrize("periods", [60, 500, 5_000])
def test_bins_follow_freedman_and_diaconis(periods: int) -> None:
    """NumPy has the same rule; the only difference is that here the number of bins has bounds."""
    returns = synthetic_result(periods, periods_per_year=252, benchmark=False).returns
    table = histogram(returns)
    of_numpy = len(np.histogram_bin_edges(returns, bins="fd")) - 1
    assert len(table) == np.clip(of_numpy, FEWEST_BINS, MOST_BINS)
    assert table["count"].sum() == periods
    assert table["low"].iloc[0] == returns.min()
    assert table["high"].iloc[-1] == returns.max()
    assert table["low"].to_numpy()[1:].tolist() == table["high"].to_numpy()[:-1].tolist()


def test_a_centre_is_equally_far_from_both_edges() -> None:
    """All bins are equally wide, so centres are one width apart and half a width from the ends of the range."""
    returns = pd.Series([-0.3, -0.1, 0.0, 0.05, 0.2, 0.7])
    table = histogram(returns)
    width = (0.7 + 0.3) / len(table)
    expected = -0.3 + width * (np.arange(len(table)) + 0.5)
    assert table["centre"].to_numpy() == pytest.approx(expected, rel=1e-14, abs=1e-16)  # rounding of sums near 1


def test_the_normal_counts_equal_scipy() -> None:
    returns = synthetic_result(300, benchmark=False).returns
    table, normal = histogram(returns), stats.norm(returns.mean(), returns.std(ddof=1))
    expected = 300 * (normal.cdf(table["high"]) - normal.cdf(table["low"]))
    assert table["normal"].to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-12)  # cdf in tails, subtracted


def test_returns_that_mostly_do_not_vary_have_the_largest_number_of_bins() -> None:
    """The interquartile range is 0, and so is the width of the rule."""
    assert len(histogram(pd.Series([0.0] * 50 + [0.1, -0.1]))) == MOST_BINS


def test_an_outlier_does_not_create_thousands_of_bins() -> None:
    returns = np.append(np.linspace(-0.001, 0.001, 1_000), 10.0)
    assert len(histogram(pd.Series(returns))) == MOST_BINS


def test_constant_returns_have_no_histogram() -> None:
    for one in (synthetic_result(24, still=True), synthetic_result(1)):
        table = histogram(one.returns)
        assert table.empty
        assert list(table.columns) == ["low", "high", "centre", "count", "normal"]
    assert histogram(pd.Series([0.01, 0.01 + 1e-17, 0.01])).empty
    assert not histogram(synthetic_result(24, ruined=True).returns).empty
