"""Total return from split-adjusted closes, dividends and gains equals the return of a holder of real shares."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.data.prepare.total_return import total_return_level

NAN = float("nan")


def quoted(closes: Sequence[float], **paid: Sequence[float]) -> pd.DataFrame:
    dates = pd.date_range("2025-12-15", periods=len(closes), name="date")
    return pd.DataFrame({"close": closes, **paid}, index=dates)


def level(closes: Sequence[float], **paid: Sequence[float]) -> list[float]:
    found: list[float] = total_return_level(quoted(closes, **paid))[0].tolist()
    return found


@st.composite
def traded_days(draw: st.DrawFn) -> pd.DataFrame:
    """Return unadjusted days: close (NaN on some days), dividend per share, new shares for an old one."""
    count = draw(st.integers(1, 25))
    some = st.lists(st.floats(1.0, 1e3), min_size=count, max_size=count)
    closes = np.array(draw(some))
    closes[draw(st.lists(st.booleans(), min_size=count, max_size=count))] = np.nan
    rates = st.one_of(st.just(0.0), st.floats(0.0, 0.5))
    dividends = np.array(draw(some)) * draw(st.lists(rates, min_size=count, max_size=count))
    ratios = st.sampled_from([1.0, 1.0, 1.0, 2.0, 3.0, 1.5, 0.1])
    splits = np.array(draw(st.lists(ratios, min_size=count, max_size=count)))
    return quoted(closes.tolist(), dividends=dividends.tolist(), splits=splits.tolist())


def of_a_holder(days: pd.DataFrame) -> list[float]:
    """Return the daily worth of one share bought at the first close; dividends buy more at the close."""
    shares, money, worth = 0.0, 0.0, []
    for close, dividend, split in days[["close", "dividends", "splits"]].itertuples(index=False):
        shares *= split
        money += shares * dividend
        if np.isnan(close):
            worth.append(NAN)
            continue
        shares = shares + money / close if shares else 1.0
        money = 0.0
        worth.append(shares * close)
    return worth


def as_fetched(days: pd.DataFrame) -> pd.DataFrame:
    """Return the days in shares of the last day, as Yahoo reports closes and dividends: divided by all later splits."""
    later = days["splits"][::-1].cumprod()[::-1] / days["splits"]
    return days.assign(close=days["close"] / later, dividends=days["dividends"] / later)


@given(days=traded_days())
def test_total_return_is_what_a_holder_of_real_shares_earns(days: pd.DataFrame) -> None:
    """The oracle uses unadjusted prices and carries out the splits, which the function never sees."""
    earned, made = np.array(of_a_holder(days)), total_return_level(as_fetched(days))[0].to_numpy()
    assert np.isnan(made).tolist() == np.isnan(earned).tolist()
    priced = ~np.isnan(earned)
    if priced.any():
        np.testing.assert_allclose(made[priced] / made[priced][0], earned[priced] / earned[priced][0], rtol=1e-12)


@given(days=traded_days(), data=st.data())
def test_total_return_levels_do_not_depend_on_later_values(days: pd.DataFrame, data: st.DataObject) -> None:
    """Bit for bit, whether later days are removed or changed: a scale set at the last date would fail."""
    values = days.drop(columns="splits").assign(capital_gains=days["dividends"] * 0.7)
    whole = total_return_level(values)[0].to_numpy()
    until = data.draw(st.integers(0, len(values)))
    assert total_return_level(values.iloc[:until])[0].to_numpy().tobytes() == whole[:until].tobytes()
    other = values.copy()
    other.iloc[until:] = other.iloc[until:] * 1.7 + 1.0
    assert total_return_level(other)[0].to_numpy()[:until].tobytes() == whole[:until].tobytes()


def test_without_payments_the_level_is_the_close_itself() -> None:
    closes = [0.1, 0.3, NAN, 0.7]
    for paid in ({}, {"dividends": [0.0, NAN, 0.0, NAN]}, {"capital_gains": [0.0] * 4}):
        assert level(closes, **paid) == pytest.approx(closes, abs=0, nan_ok=True)


def test_a_dividend_is_reinvested_at_the_close_of_its_ex_date() -> None:
    """50 -> 49 with 1 paid is no loss; one share has become 1 + 1/49."""
    assert level([50, 49, 98], dividends=[0, 1, 0]) == pytest.approx([50, 50, 100])


def test_a_dividend_on_a_day_without_a_close_is_paid_at_the_next() -> None:
    without = level([50, NAN, NAN, 48, 50], dividends=[0, 1, NAN, 1, 0])
    assert without == pytest.approx([50, NAN, NAN, 50, 50 * 50 / 48], nan_ok=True)
    assert level([50, NAN], dividends=[0, 1]) == pytest.approx([50, NAN], nan_ok=True)


def test_payments_up_to_the_first_close_are_left_out() -> None:
    assert level([NAN, 50, 49], dividends=[5, 7, 1]) == pytest.approx([NAN, 50, 50], nan_ok=True)


def test_without_a_close_there_is_no_level() -> None:
    assert np.isnan(level([NAN, NAN], dividends=[1, 1])).all()
    assert level([]) == []


def gains(closes: Sequence[float], dividend: float, gain: float) -> tuple[float, tuple[str, ...]]:
    made, notes = total_return_level(quoted(closes, dividends=[0, 0, dividend], capital_gains=[0, 0, gain]))
    return float(made.iloc[-1] / made.iloc[-2]), notes


def test_capital_gains_above_the_dividend_are_paid_in_addition() -> None:
    """They cannot be part of it, whatever the close does, so there is no note."""
    for closes, dividend, expected in (([40, 40, 38.5], 1.0, 45.5 / 40), ([40, 40, 34], 0.0, 1.0)):
        grown, notes = gains(closes, dividend, 6.0)
        assert grown == pytest.approx(expected)
        assert notes == ()


def test_capital_gains_inside_the_dividend_are_paid_once() -> None:
    """VWILX on 2025-12-17: Yahoo's dividend of 7.857 holds the gains of 6.42 (yfinance's issue 2666)."""
    grown, notes = gains([40, 40, 32.2], 7.857, 6.42)
    assert grown == pytest.approx((32.2 + 7.857) / 40)
    note = "capital gains taken as part of the dividend, which the fall of the close fits better"
    assert notes == (f"{note}: 6.42 of 7.857 on 2025-12-17",)


def test_capital_gains_on_top_of_a_dividend_are_paid_with_it() -> None:
    grown, notes = gains([40, 40, 25.9], 7.857, 6.42)
    assert grown == pytest.approx((25.9 + 7.857 + 6.42) / 40)
    assert [note.partition(",")[0] for note in notes] == ["capital gains paid with the dividend"]


def test_each_kind_of_capital_gains_has_one_note_with_all_dates() -> None:
    """Thirty payments do not fill a page with notes."""
    paid: dict[str, Any] = {"dividends": [0, 2, 0, 2, 0, 2], "capital_gains": [0, 1, 0, 1, 0, 1]}
    notes = total_return_level(quoted([40, 38, 38, 36, 36, 33], **paid))[1]
    assert [note.partition(": ")[2] for note in notes] == [
        "1 of 2 on 2025-12-16, 1 of 2 on 2025-12-18",
        "1 with 2 on 2025-12-20",
    ]
