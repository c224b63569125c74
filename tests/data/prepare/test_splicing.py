"""Splicing: the proxy's returns before the first shared date, the series' own after it, and no look-ahead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.data.prepare.splicing import Splice, splice_series
from backtest.errors import DataError

DATES = pd.date_range("2000-01-31", periods=60, freq="ME", name="date")


def walk(seed: int, count: int = 60, volatility: float = 0.03) -> pd.Series:
    steps = np.random.default_rng(seed).normal(0.004, volatility, count)
    return pd.Series(100 * np.exp(np.cumsum(steps)), index=DATES[:count], name="level")


def spliced(own: pd.Series, proxy: pd.Series) -> tuple[pd.Series, Splice]:
    return splice_series(own, proxy, "TLT", "VUSTX", 12)


@given(seed=st.integers(0, 999), begin=st.integers(1, 59))
def test_returns_come_from_the_proxy_before_the_splice_and_from_the_series_after_it(seed: int, begin: int) -> None:
    own, proxy = walk(seed).iloc[begin:], walk(seed + 1000)
    level, report = spliced(own, proxy)
    returns = level.pct_change()
    assert report.first == DATES[begin]
    assert level.index.equals(DATES)
    np.testing.assert_allclose(returns.iloc[1 : begin + 1], proxy.pct_change().iloc[1 : begin + 1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(returns.iloc[begin + 1 :], own.pct_change().iloc[1:], rtol=0, atol=1e-12)


@given(begin=st.integers(1, 40), until=st.integers(1, 59), scale=st.floats(0.1, 10.0))
def test_no_level_depends_on_later_values(begin: int, until: int, scale: float) -> None:
    """Overwriting all values after a date changes no bit up to it; a proxy scaled onto the series would."""
    own, proxy = walk(1).iloc[begin:], walk(2)
    bits = spliced(own, proxy)[0].loc[: DATES[until - 1]].to_numpy().tobytes()
    late_own, late_proxy = own.copy(), proxy.copy()
    late_own[late_own.index >= DATES[until]] *= scale
    late_proxy[late_proxy.index >= DATES[until]] *= scale
    assert spliced(late_own, late_proxy)[0].loc[: DATES[until - 1]].to_numpy().tobytes() == bits


def test_splicing_a_history_to_a_longer_part_of_itself_restores_it() -> None:
    whole = walk(3)
    level, report = spliced(whole.iloc[20:] * 7.0, whole)
    np.testing.assert_allclose(level, whole, rtol=1e-14)
    assert report.correlation == pytest.approx(1.0)
    assert report.tracking_difference == pytest.approx(0.0, abs=1e-12)
    assert report.tracking_error == pytest.approx(0.0, abs=1e-12)


def test_splices_can_be_chained() -> None:
    """(A spliced to B) spliced to C has the returns of A spliced to (B spliced to C)."""
    a, b, c = walk(4).iloc[40:], walk(5).iloc[20:], walk(6)
    one, other = spliced(spliced(a, b)[0], c)[0], spliced(a, spliced(b, c)[0])[0]
    np.testing.assert_allclose(one.pct_change().iloc[1:], other.pct_change().iloc[1:], rtol=0, atol=1e-12)


def test_statistics_match_a_calculation_by_hand() -> None:
    """Two years of shared year-ends: own 100, 121, 121; proxy 50, 55, 60.5.

    Own returns 0.21 and 0, the proxy's 0.1 and 0.1. The dates span 731 days, so the CAGR is over 731 / 365.25 years.
    """
    dates = pd.DatetimeIndex(["2018-12-31", "2019-12-31", "2020-12-31", "2021-12-31"])
    proxy = pd.Series([40.0, 50.0, 55.0, 63.25], index=dates)
    level, report = splice_series(pd.Series([100.0, 121.0, 121.0], index=dates[1:]), proxy, "A", "B", 1)
    years = 731 / 365.25
    assert report.periods == 2
    assert report.tracking_difference == pytest.approx(1.21 ** (1 / years) - 1.265 ** (1 / years), rel=1e-12)
    gaps = [0.21 - 0.10, 0.0 - 0.15]
    assert report.tracking_error == pytest.approx(abs(gaps[0] - gaps[1]) / 2**0.5, rel=1e-12)
    assert np.isnan(report.correlation)  # the correlation of two returns is always ±1
    assert level.tolist() == pytest.approx([40, 50, 60.5, 60.5])


def test_only_returns_between_shared_dates_are_compared() -> None:
    """A date missing in one of the two removes only that date: both returns are taken over the gap."""
    own, proxy = walk(7).iloc[10:].copy(), walk(8).copy()
    own.iloc[5], proxy.iloc[30] = np.nan, np.nan
    level, report = spliced(own, proxy)
    shared = DATES[10:].delete([5, 20])
    returns = pd.DataFrame({"own": own[shared], "proxy": proxy[shared]}).pct_change().iloc[1:]
    assert report.periods == len(returns) == 47
    assert report.correlation == pytest.approx(returns.corr().iloc[0, 1], rel=1e-12)
    assert report.tracking_error == pytest.approx((returns["own"] - returns["proxy"]).std() * 12**0.5, rel=1e-12)
    assert np.isnan(level[DATES[15]])  # the proxy does not fill gaps


def test_the_note_reports_all_statistics() -> None:
    """A series that ends where it began, and a proxy that earns 0.1 % a month more: 1.21 % a year."""
    own = walk(9).iloc[24:]
    own.iloc[-1] = own.iloc[0]
    assert spliced(own, walk(9).iloc[:24].combine_first(own) * 1.001 ** np.arange(60))[1].note == (
        "TLT before 2002-01-31 is VUSTX, spliced: over the 35 periods they share their returns have a correlation of "
        "1.00, and TLT earned 1.21 % a year less, with a tracking error of 0.01 % a year"
    )


def test_own_dates_that_the_proxy_lacks_are_left_out_and_counted() -> None:
    """A splice on the series' own first date, where the proxy is unknown, would need a later factor: look-ahead."""
    own, proxy = walk(10).iloc[20:], walk(11).drop(DATES[20:22])
    level, report = spliced(own, proxy)
    assert report.first == DATES[22]
    assert report.left_out == 2
    assert level.index.equals(DATES.delete([20, 21]))
    assert "(2 earlier dates of TLT, which VUSTX lacks, are left out)" in report.note


@pytest.mark.parametrize("periods", [0, 1, 2])
def test_an_overlap_too_short_to_compare_is_reported(periods: int) -> None:
    _, report = spliced(walk(12).iloc[20:], walk(13, 21 + periods))
    assert report.periods == periods
    assert np.isnan(report.correlation)
    assert np.isnan(report.tracking_error) == (periods < 2)
    assert np.isnan(report.tracking_difference) == (periods == 0)
    assert report.note.endswith(f"they share {periods} periods, too few to compare them")


def test_tracking_difference_over_less_than_a_year_compares_total_returns() -> None:
    own = walk(12).iloc[20:]
    _, report = spliced(own, walk(13, 27))
    ratio = [series.iloc[26] / series.iloc[20] for series in (walk(12), walk(13))]
    assert report.tracking_difference == pytest.approx(ratio[0] - ratio[1], rel=1e-12)
    assert (
        f"TLT earned {100 * abs(ratio[0] - ratio[1]):.2f} % {'more' if ratio[0] > ratio[1] else 'less'}, "
        in report.note
    )


def test_a_proxy_of_constant_returns_has_no_correlation() -> None:
    steady = pd.Series(100 * 1.002 ** np.arange(60), index=DATES)
    _, report = spliced(walk(14).iloc[20:], steady)
    assert np.isnan(report.correlation)
    assert report.tracking_error > 0
    assert "one of them never varies" in report.note


def test_a_proxy_without_a_shared_date_is_refused() -> None:
    with pytest.raises(DataError, match=r"TLT \(2001-09-30 to 2004-12-31\) and its proxy VUSTX .* share no date"):
        spliced(walk(15).iloc[20:], walk(16, 20))
    with pytest.raises(DataError, match=r"VUSTX \(no values\) share no date"):
        spliced(walk(15), walk(16) * np.nan)


@pytest.mark.parametrize("begin", [20, 30])
def test_a_proxy_that_begins_no_earlier_is_refused(begin: int) -> None:
    with pytest.raises(DataError, match=r"begins no earlier than TLT .* adds nothing\. Hint: leave TLT out of splice"):
        spliced(walk(17).iloc[20:], walk(18).iloc[begin:])
