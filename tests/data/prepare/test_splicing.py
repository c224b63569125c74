"""Splicing: a proxy's returns first, the series' own after, and no level that knows what comes after its date."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.data.prepare.splicing import Splice, splice
from backtest.errors import DataError

DATES = pd.date_range("2000-01-31", periods=60, freq="ME", name="date")


def walk(seed: int, count: int = 60, volatility: float = 0.03) -> pd.Series:
    steps = np.random.default_rng(seed).normal(0.004, volatility, count)
    return pd.Series(100 * np.exp(np.cumsum(steps)), index=DATES[:count], name="level")


def spliced(own: pd.Series, proxy: pd.Series) -> Splice:
    return splice(own, proxy, "TLT", "VUSTX", 12)


@given(seed=st.integers(0, 999), begin=st.integers(1, 59))
def test_returns_are_the_proxys_before_and_its_own_after(seed: int, begin: int) -> None:
    own, proxy = walk(seed).iloc[begin:], walk(seed + 1000)
    found = spliced(own, proxy)
    returns = found.level.pct_change()
    assert found.first == DATES[begin]
    assert found.level.index.equals(DATES)
    np.testing.assert_allclose(returns.iloc[1 : begin + 1], proxy.pct_change().iloc[1 : begin + 1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(returns.iloc[begin + 1 :], own.pct_change().iloc[1:], rtol=0, atol=1e-12)


@given(begin=st.integers(1, 40), until=st.integers(1, 59), scale=st.floats(0.1, 10.0))
def test_no_level_depends_on_what_comes_after_its_date(begin: int, until: int, scale: float) -> None:
    """Overwriting all values after a date changes no bit up to it; a proxy scaled onto the series would."""
    own, proxy = walk(1).iloc[begin:], walk(2)
    bits = spliced(own, proxy).level.loc[: DATES[until - 1]].to_numpy().tobytes()
    late_own, late_proxy = own.copy(), proxy.copy()
    late_own[late_own.index >= DATES[until]] *= scale
    late_proxy[late_proxy.index >= DATES[until]] *= scale
    assert spliced(late_own, late_proxy).level.loc[: DATES[until - 1]].to_numpy().tobytes() == bits


def test_a_history_spliced_with_a_longer_piece_of_itself_is_itself() -> None:
    whole = walk(3)
    found = spliced(whole.iloc[20:] * 7.0, whole)
    np.testing.assert_allclose(found.level, whole, rtol=1e-14)
    assert found.correlation == pytest.approx(1.0)
    assert found.tracking_difference == pytest.approx(0.0, abs=1e-12)
    assert found.tracking_error == pytest.approx(0.0, abs=1e-12)


def test_splices_can_be_chained() -> None:
    """A by B, and that by C, has the returns of A by (B by C)."""
    a, b, c = walk(4).iloc[40:], walk(5).iloc[20:], walk(6)
    one, other = spliced(spliced(a, b).level, c).level, spliced(a, spliced(b, c).level).level
    np.testing.assert_allclose(one.pct_change().iloc[1:], other.pct_change().iloc[1:], rtol=0, atol=1e-12)


def test_the_statistics_by_hand() -> None:
    """Two years of shared year-ends: own 100, 121, 121; proxy 50, 55, 60.5.

    Own returns 0.21 and 0, the proxy's 0.1 and 0.1. CAGR over 2 × 365.25 days, had the dates been those: 10 % both.
    """
    dates = pd.DatetimeIndex(["2018-12-31", "2019-12-31", "2020-12-31", "2021-12-31"])
    proxy = pd.Series([40.0, 50.0, 55.0, 63.25], index=dates)
    found = splice(pd.Series([100.0, 121.0, 121.0], index=dates[1:]), proxy, "A", "B", 1)
    years = 731 / 365.25
    assert found.periods == 2
    assert found.tracking_difference == pytest.approx(1.21 ** (1 / years) - 1.265 ** (1 / years), rel=1e-12)
    gaps = [0.21 - 0.10, 0.0 - 0.15]
    assert found.tracking_error == pytest.approx(abs(gaps[0] - gaps[1]) / 2**0.5, rel=1e-12)
    assert np.isnan(found.correlation)  # of two returns it is ±1, whatever they are
    assert found.level.tolist() == pytest.approx([40, 50, 60.5, 60.5])


def test_only_returns_between_shared_dates_are_compared() -> None:
    """A date that one of the two lacks takes out no other: the return over the gap is taken of both."""
    own, proxy = walk(7).iloc[10:].copy(), walk(8).copy()
    own.iloc[5], proxy.iloc[30] = np.nan, np.nan
    found = spliced(own, proxy)
    shared = DATES[10:].delete([5, 20])
    returns = pd.DataFrame({"own": own[shared], "proxy": proxy[shared]}).pct_change().iloc[1:]
    assert found.periods == len(returns) == 47
    assert found.correlation == pytest.approx(returns.corr().iloc[0, 1], rel=1e-12)
    assert found.tracking_error == pytest.approx((returns["own"] - returns["proxy"]).std() * 12**0.5, rel=1e-12)
    assert np.isnan(found.level[DATES[15]])  # missing is missing: the proxy does not fill holes


def test_the_note_says_all_of_it() -> None:
    """A series that ends where it began, and a proxy that earns 0.1 % a month more: 1.21 % a year."""
    own = walk(9).iloc[24:]
    own.iloc[-1] = own.iloc[0]
    assert spliced(own, walk(9).iloc[:24].combine_first(own) * 1.001 ** np.arange(60)).note == (
        "TLT before 2002-01-31 is VUSTX, spliced: over the 35 periods they share their returns have a correlation of "
        "1.00, and TLT earned 1.21 % a year less, with a tracking error of 0.01 % a year"
    )


def test_own_dates_that_the_proxy_lacks_are_left_out_and_counted() -> None:
    """Joined on its own first date, whose proxy is not known, the factor would come from a later date: look-ahead."""
    own, proxy = walk(10).iloc[20:], walk(11).drop(DATES[20:22])
    found = spliced(own, proxy)
    assert found.first == DATES[22]
    assert found.left_out == 2
    assert found.level.index.equals(DATES.delete([20, 21]))
    assert "(2 earlier dates of TLT, which VUSTX lacks, are left out)" in found.note


@pytest.mark.parametrize("periods", [0, 1, 2])
def test_an_overlap_too_short_to_judge_is_said(periods: int) -> None:
    found = spliced(walk(12).iloc[20:], walk(13, 21 + periods))
    assert found.periods == periods
    assert np.isnan(found.correlation)
    assert np.isnan(found.tracking_error) == (periods < 2)
    assert np.isnan(found.tracking_difference) == (periods == 0)
    assert found.note.endswith(f"they share {periods} periods, too few to tell how well it stands in")


def test_the_difference_over_less_than_a_year_is_that_of_total_returns() -> None:
    own = walk(12).iloc[20:]
    found = spliced(own, walk(13, 27))
    ratio = [series.iloc[26] / series.iloc[20] for series in (walk(12), walk(13))]
    assert found.tracking_difference == pytest.approx(ratio[0] - ratio[1], rel=1e-12)
    assert (
        f"TLT earned {100 * abs(ratio[0] - ratio[1]):.2f} % {'more' if ratio[0] > ratio[1] else 'less'}, " in found.note
    )


def test_what_never_varies_has_no_correlation() -> None:
    steady = pd.Series(100 * 1.002 ** np.arange(60), index=DATES)
    found = spliced(walk(14).iloc[20:], steady)
    assert np.isnan(found.correlation)
    assert found.tracking_error > 0
    assert "one of them never varies" in found.note


def test_a_proxy_without_a_shared_date_is_refused() -> None:
    with pytest.raises(DataError, match=r"TLT \(2001-09-30 to 2004-12-31\) and its proxy VUSTX .* share no date"):
        spliced(walk(15).iloc[20:], walk(16, 20))
    with pytest.raises(DataError, match=r"VUSTX \(no values\) share no date"):
        spliced(walk(15), walk(16) * np.nan)


@pytest.mark.parametrize("begin", [20, 30])
def test_a_proxy_that_begins_no_earlier_is_refused(begin: int) -> None:
    with pytest.raises(DataError, match=r"begins no earlier than TLT .* adds nothing\. Hint: leave TLT out of splice"):
        spliced(walk(17).iloc[20:], walk(18).iloc[begin:])
