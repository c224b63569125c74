"""Growth at quoted rates: textbook and published numbers, an oracle in plain loops, and no look-ahead."""

from bisect import bisect_right
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backtest.data.prepare.rates.quoted_rates import rate_level
from backtest.data.raw_series import INCOME_UNKNOWN, Kind, Rate, RawSeries, as_rate
from backtest.errors import DataError

BILL = Rate(quoted="discount", days=91)
OVERNIGHT = Rate(quoted="overnight")
RATES = [
    BILL,
    Rate(quoted="discount", days=364),
    Rate(quoted="bond_equivalent", days=91),
    Rate(quoted="bond_equivalent", days=182),
    Rate(quoted="bond_equivalent", days=3652),
    OVERNIGHT,
]


def days(*numbers: int) -> pd.DatetimeIndex:
    """Return dates a number of days after 2024-01-02."""
    return pd.DatetimeIndex([date(2024, 1, 2) + timedelta(days=n) for n in numbers], dtype="datetime64[s]")


def level(quoted: dict[int, float], rate: Rate, on: list[int]) -> list[float]:
    values = np.array(list(quoted.values()), dtype=float)
    return [float(one) for one in rate_level(days(*quoted), values, rate, days(*on))]


def by_hand(quoted: dict[int, float], rate: Rate, day: int) -> float:
    """Return the level on a day by a loop over quotations with each formula written out."""
    grown = 1.0
    for begin, end in zip(quoted, [*list(quoted)[1:], 10**6], strict=True):
        if begin >= day:
            break
        value, length, n = quoted[begin], min(end, day) - begin, rate.days
        if rate.quoted == "overnight":
            grown *= 1 + value * length / 360
        elif rate.quoted == "discount":
            price = 100 * (1 - value * n / 360)
            grown *= (100 / price) ** (length / n)
        elif n <= 182:
            grown *= (1 + value * n / 365) ** (length / n)
        else:
            grown *= (1 + value / 2) ** (2 * length / 365.25)
    return grown


def test_a_bill_held_to_maturity_pays_its_face_value() -> None:
    """5 % of discount over 91 days is a price of 98.736111, and a bond-equivalent yield of 365 d / (360 - 91 d)."""
    [end] = level({0: 0.05}, BILL, [91])
    assert end == pytest.approx(100 / 98.7361111111, rel=1e-11)
    assert (end - 1) * 365 / 91 == pytest.approx(365 * 0.05 / (360 - 91 * 0.05), rel=1e-13)
    assert (end - 1) * 365 / 91 == pytest.approx(0.0513434, abs=5e-8)


def test_a_bill_matches_an_auction_of_the_us_treasury() -> None:
    """A 91-day bill as announced: discount rate 4.975 %, price 98.742431, investment rate 5.108 %."""
    [end] = level({0: 0.04975}, BILL, [91])
    assert round(100 / end, 6) == 98.742431
    assert round((end - 1) * 365 / 91, 5) == 0.05108
    assert level({0: 0.05108}, Rate(quoted="bond_equivalent"), [91]) == pytest.approx([end], abs=1e-6)


def test_a_yield_beyond_half_a_year_compounds_twice_a_year() -> None:
    four_years = level({0: 0.04}, Rate(quoted="bond_equivalent", days=3652), [1461])
    assert four_years == pytest.approx([1.02**8], rel=1e-13)


def test_sofr_compounds_like_the_index_of_the_new_york_fed() -> None:
    """From Thursday on: Friday's rate stands for three days and, before a Monday without trading, for four."""
    assert level({0: 0.018, 1: 0.0183, 4: 0.0174, 5: 0.0175, 6: 0.0176, 8: 0.0178}, OVERNIGHT, [0, 1, 4, 8, 12]) == (
        pytest.approx(
            [
                1,
                1.00005,
                1.00005 * (1 + 3 * 0.0183 / 360),
                1.00005 * (1 + 3 * 0.0183 / 360) * (1 + 0.0174 / 360) * (1 + 0.0175 / 360) * (1 + 2 * 0.0176 / 360),
                1.00005
                * (1 + 3 * 0.0183 / 360)
                * (1 + 0.0174 / 360)
                * (1 + 0.0175 / 360)
                * (1 + 2 * 0.0176 / 360)
                * (1 + 4 * 0.0178 / 360),
            ],
            rel=1e-15,
        )
    )


def test_a_month_compounds_all_its_quotations() -> None:
    """Valued monthly, all of the month's quotations count: 31 different ones are their product."""
    quoted = {k: 0.01 + 0.001 * k for k in range(40)}
    expected = np.prod([1 + (0.01 + 0.001 * k) / 360 for k in range(31)])
    assert level(quoted, OVERNIGHT, [0, 31])[1] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_negative_rates_cost_and_zero_earns_nothing(rate: Rate) -> None:
    one, two, three = level({0: -0.0075, 30: 0.0}, rate, [0, 30, 400])
    assert one == 1 > two > 0.999
    assert two == three


def test_the_level_begins_at_the_first_quotation_and_ignores_missing_ones() -> None:
    quoted = {0: np.nan, 5: 0.02, 6: np.nan, 9: 0.03}
    found = level(quoted, BILL, [0, 4, 5, 8, 9, 100])
    assert np.isnan(found[:2]).all()
    assert found[2:] == level({5: 0.02, 9: 0.03}, BILL, [5, 8, 9, 100])
    assert found[2] == 1
    assert np.isnan(level({0: np.nan}, BILL, [0, 1])).all()


@pytest.mark.parametrize(
    ("rate", "quoted", "words"),
    [
        (BILL, 4.0, "(discount, 91 days) of 400 % a year on 2024-01-05"),
        (Rate(quoted="bond_equivalent"), -4.1, "(bond_equivalent, 91 days) of -410 %"),
        (Rate(quoted="bond_equivalent", days=3652), -2.0, "(bond_equivalent, 3652 days) of -200 %"),
        (OVERNIGHT, -360.0, "(overnight) of -36000 %"),
        (OVERNIGHT, np.inf, "(overnight) of inf % a year on 2024-01-05 makes more than 1e+60 of a deposit"),
        (OVERNIGHT, 1e100, "(overnight) of 1e+102 % a year on 2024-01-05 makes more than 1e+60 of a deposit"),
    ],
)
def test_a_rate_that_leaves_nothing_or_too_much_is_refused(rate: Rate, quoted: float, words: str) -> None:
    with pytest.raises(DataError) as caught:
        level({0: 0.01, 3: quoted, 4: 0.01}, rate, [5])
    assert words in str(caught.value)
    assert "of a deposit; expected a rate that a deposit can earn" in str(caught.value)


QUOTED = st.dictionaries(st.integers(0, 400), st.floats(-0.05, 0.2), min_size=1, max_size=30).map(
    lambda found: dict(sorted(found.items()))
)
SOME = st.sets(st.integers(-20, 900), min_size=1, max_size=30).map(sorted)


@examples(max_examples=100)
@given(quoted=QUOTED, on=SOME, rate=st.sampled_from(RATES))
def test_levels_match_a_calculation_in_plain_loops(quoted: dict[int, float], on: list[int], rate: Rate) -> None:
    expected = [by_hand(quoted, rate, day) if bisect_right(list(quoted), day) else np.nan for day in on]
    assert level(quoted, rate, on) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@examples(max_examples=100)
@given(quoted=QUOTED, some=SOME, more=SOME, rate=st.sampled_from(RATES))
def test_other_valuation_dates_do_not_change_a_level(
    quoted: dict[int, float], some: list[int], more: list[int], rate: Rate
) -> None:
    together = sorted({*some, *more})
    finer = dict(zip(together, level(quoted, rate, together), strict=True))
    assert level(quoted, rate, some) == pytest.approx([finer[day] for day in some], rel=1e-12, nan_ok=True)


@examples(max_examples=100)
@given(quoted=QUOTED, on=SOME, rate=st.sampled_from(RATES), cut=st.integers(0, 400), other=st.floats(-0.05, 0.2))
def test_a_quotation_does_not_change_levels_up_to_its_date(
    quoted: dict[int, float], on: list[int], rate: Rate, cut: int, other: float
) -> None:
    """Bit for bit, whether later quotations are changed or removed."""
    first = next(iter(quoted))
    until = [day for day in on if day <= max(cut, first)]
    changed = {day: value if day < cut else other for day, value in quoted.items()}
    known = level(quoted, rate, until)
    np.testing.assert_array_equal(level(changed, rate, until), known)
    if cut > first:
        cut_off = {day: value for day, value in quoted.items() if day < cut}
        np.testing.assert_array_equal(level(cut_off, rate, until), known)


def test_a_long_history_is_valued_to_the_same_bits_as_its_beginning() -> None:
    """Long arrays use other instructions than short ones: 15,000 days against their first parts."""
    rng = np.random.default_rng(1)
    dates, values = pd.date_range("1960-01-01", periods=15_000, freq="D"), rng.uniform(-0.01, 0.15, 15_000)
    for rate in RATES:
        whole = rate_level(dates, values, rate, dates)
        for length in (1, 2, 3, 5, 7, 100, 1001, 9999):
            part = rate_level(dates[:length], values[:length], rate, dates[:length])
            np.testing.assert_array_equal(part, whole[:length])


# Series in percent


def quotes(kind: Kind, column: str, *notes: str) -> RawSeries:
    values = pd.DataFrame({column: [5.0, np.nan, -0.5]}, index=days(0, 1, 2))
    return RawSeries(values, "fred X", kind, notes=notes)


def test_levels_are_read_as_percent_and_the_note_on_income_is_dropped() -> None:
    found = as_rate(quotes("levels", "level", "averages", INCOME_UNKNOWN), BILL)
    assert (found.kind, found.rate, found.notes) == ("rate", BILL, ("averages",))
    np.testing.assert_array_equal(found.values["rate"], [0.05, np.nan, -0.005])
    assert found.values.index.equals(days(0, 1, 2))


def test_a_stated_quotation_replaces_only_the_formula_of_a_rate() -> None:
    known = as_rate(quotes("levels", "level"), BILL)
    found = as_rate(known, OVERNIGHT)
    assert found.rate == OVERNIGHT
    assert found.values is known.values


@pytest.mark.parametrize(("kind", "column"), [("closes", "close"), ("returns", "return")])
def test_prices_and_returns_are_refused_as_a_rate(kind: Kind, column: str) -> None:
    with pytest.raises(DataError, match=rf"^fred X: {kind}, not a rate; expected a rate in percent\. Hint: "):
        as_rate(quotes(kind, column), BILL)
