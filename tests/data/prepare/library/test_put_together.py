"""Series of the library: parts joined at both ends, parts that fail, and each kind of part as a level."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from backtest.data.prepare.library.part_levels import part_level, reference_index
from backtest.data.prepare.library.put_together import put_together
from backtest.data.raw_series import Kind, Rate, RawSeries
from backtest.data.sources.library.recipes import Part, Recipe, recipes_of
from backtest.data.sources.registry import source_records
from backtest.data.sources.source import CatalogueEntry
from backtest.errors import DataError, DataUnavailableError, NoNetwork, UnknownSeries

FIRST, SECOND, THIRD = (Part(source, symbol) for source, symbol in (("sample", "a"), ("fred", "B"), ("yfinance", "C")))
MONTHS = pd.date_range("2019-12-31", periods=24, freq="ME", name="date")
GROWTH = 100 * np.cumprod(1 + 0.05 * np.sin(np.arange(24)))


def raw(values: np.ndarray, dates: pd.DatetimeIndex, kind: Kind = "levels", rate: Rate | None = None) -> RawSeries:
    column = {"levels": "level", "returns": "return", "closes": "close"}.get(kind, kind)
    return RawSeries(pd.DataFrame({column: values}, index=dates), "x", kind, rate, notes=("a caveat",))


def span(begin: int, end: int, scale: float = 1.0) -> list[RawSeries]:
    """Return the common history between two months, on a scale of its own."""
    return [raw(scale * GROWTH[begin:end], MONTHS[begin:end])]


def joined(*fetched: list[RawSeries] | DataError) -> RawSeries:
    parts = (FIRST, SECOND, THIRD)[: len(fetched)]
    entry = CatalogueEntry("mine", "asset", spot=True)
    recipe = Recipe(entry, "by hand", "free", parts, monthly=True)
    return put_together("library", recipe, dict(zip(parts, fetched, strict=True)))


def test_each_part_extends_the_ones_before_it_at_both_ends() -> None:
    whole = joined(span(8, 14), span(4, 20, 7.0), span(0, 24, 0.1))
    level = whole.values["level"]
    assert level.index.equals(MONTHS)
    np.testing.assert_allclose(level / level.iloc[8] * GROWTH[8], GROWTH, rtol=1e-13)
    assert level.iloc[8:14].tolist() == GROWTH[8:14].tolist()
    assert (whole.label, whole.kind) == ("library mine", "levels")
    assert whole.facts == {"currency": "USD", "model": "by hand", "spot": "true"}


def test_notes_state_the_dates_of_each_part_its_agreement_and_its_caveats() -> None:
    same = "their returns have a correlation of 1.00, and {} earned 0.00 % more, with a tracking error of 0.00 % a year"
    before = "; with the parts before it, over the {} periods they share "
    assert joined(span(8, 14), span(4, 14), span(6, 16)).notes == (
        "sample a from 2020-08-31 to 2021-01-31",
        "sample a: a caveat",
        f"fred B from 2020-04-30 to 2020-07-31{before.format(5)}{same.format('fred B')}",
        "fred B: a caveat",
        f"yfinance C from 2021-02-28 to 2021-03-31{before.format(7)}{same.format('yfinance C')}",
        "yfinance C: a caveat",
    )


def test_the_first_part_is_used_where_parts_disagree() -> None:
    other = [raw(np.linspace(50, 80, 16), MONTHS[4:20])]
    level = joined(span(8, 14), other).values["level"]
    assert level.iloc[4:10].tolist() == GROWTH[8:14].tolist()
    np.testing.assert_allclose(level.pct_change().iloc[10:], pd.Series(np.linspace(50, 80, 16)).pct_change().iloc[10:])


def test_a_part_that_adds_no_date_is_not_mentioned() -> None:
    alone, with_another = joined(span(0, 12)), joined(span(0, 12), span(3, 9))
    assert with_another.notes == alone.notes
    assert with_another.values.equals(alone.values)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (NoNetwork("fred B: FRED cannot be reached. Hint: connect."), "fred B: FRED cannot be reached"),
        (UnknownSeries("fred B: no such series"), "fred B: no such series"),
        (span(14, 20), "fred B: 2021-02-28 to 2021-07-31, which has no date in common with 2019-12-31 to 2020-11-30"),
        (span(3, 4), "fred B: fewer than two values"),
    ],
)
def test_a_part_that_fails_is_left_out_with_its_reason(second: list[RawSeries] | DataError, reason: str) -> None:
    whole = joined(span(0, 12), second, NoNetwork("yfinance C: Yahoo cannot be reached."))
    assert whole.values.equals(span(0, 12)[0].values)
    assert whole.notes[-1] == (
        f"covers only 2019-12-31 to 2020-11-30, because parts of the library are missing: {reason}; "
        "yfinance C: Yahoo cannot be reached"
    )


def test_a_series_without_any_part_is_an_error_that_names_them_all() -> None:
    with pytest.raises(DataUnavailableError) as failure:
        joined(UnknownSeries("sample a: none."), NoNetwork("fred B: unreachable. Hint: connect."))
    assert str(failure.value).splitlines() == ["sample a: none.", "fred B: unreachable. Hint: connect."]


# 2. Kinds of parts

DAYS = pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03"], name="date")


def level_of(part: Part, *series: RawSeries, monthly: bool = False) -> list[float]:
    level, _ = part_level(part, series, monthly=monthly)
    return [float(value) for value in level / level.iloc[0]]


def test_closes_returns_rates_and_yields_become_levels() -> None:
    closes = pd.DataFrame({"close": [10.0, 9.0, 9.9], "dividends": [0.0, 1.0, 0.0]}, index=DAYS)
    assert level_of(SECOND, RawSeries(closes, "x", "closes")) == pytest.approx([1, 1, 1.1])
    returns = raw(np.array([0.1, np.nan, 0.2]), DAYS, "returns")
    assert level_of(SECOND, returns) == pytest.approx([1, 1.1, 1.32])
    overnight = raw(np.array([0.036, 0.072, 0.0]), DAYS, "rate", Rate(quoted="overnight"))
    assert level_of(SECOND, overnight) == pytest.approx([1, 1.0001, 1.0001 * 1.0002], rel=1e-14)
    yields = raw(np.array([4.0, 4.0, 4.0]), DAYS)
    assert level_of(Part("fred", "B", maturity=10), yields)[-1] == pytest.approx(1.02 ** (4 / 365.25), rel=1e-13)


def test_dates_before_the_first_one_used_do_not_matter() -> None:
    yields = raw(np.array([9.0, 4.0, 4.0]), DAYS)
    assert len(level_of(Part("fred", "B", since=date(2020, 1, 2), maturity=10), yields)) == 2


def test_a_daily_part_of_a_monthly_series_keeps_the_months_that_are_over() -> None:
    days = pd.bdate_range("2020-01-01", "2020-03-20", name="date")
    level, _ = part_level(SECOND, [raw(np.arange(1.0, len(days) + 1), days)], monthly=True)
    assert pd.DatetimeIndex(level.index).strftime("%F").tolist() == ["2020-01-31", "2020-02-29"]
    assert level.tolist() == [23, 43]


def test_an_inflation_linked_bond_earns_its_real_yield_and_the_index_of_three_months_before() -> None:
    """At a month's end the principal is indexed to consumer prices of two months before."""
    dates = pd.date_range("2020-01-31", periods=4, freq="ME", name="date")
    prices = raw(np.array([100.0, 102.0, 101.0]), pd.date_range("2019-11-30", periods=3, freq="ME", name="date"))
    real = raw(np.array([1.0, 1.0, 1.0, 1.0]), dates)
    level = level_of(Part("fred", "B", maturity=10, indexed_to="CPI"), real, prices)
    assert level == pytest.approx([1, 1.005 ** (1 / 6) * 1.02, 1.005 ** (2 / 6) * 1.01], rel=1e-13)


def test_the_reference_index_is_linear_within_a_month_and_over_a_month_without_an_index() -> None:
    prices = pd.Series([100.0, 131.0, 161.0], index=pd.DatetimeIndex(["2024-10-31", "2024-11-30", "2025-01-31"]))
    days = pd.DatetimeIndex(["2024-12-31", "2025-01-10", "2025-01-31", "2025-03-31", "2025-04-30", "2024-12-30"])
    index = reference_index(prices, days)
    assert index[:3].tolist() == [100, 110, 131]
    assert index[3] == pytest.approx(131 + 30 * 59 / 59)
    assert np.isnan(index[4:]).all()


# 3. The recipes


@pytest.mark.parametrize("library", ["library", "library_daily"])
def test_every_recipe_has_known_parts_and_says_where_they_come_from(library: str) -> None:
    recipes = recipes_of(library)
    assert len(recipes) > 14
    for name, recipe in recipes.items():
        assert recipe.entry.kind in ("asset", "cash", "macro"), name
        assert (recipe.entry.asset_class is not None) == (recipe.entry.kind == "asset"), name
        assert all(part.source in source_records() for part in recipe.parts), name
        assert all((part.begins is None) == part.source.startswith("sample") for part in recipe.parts), name
        assert min(len(recipe.method), len(recipe.licence), len(recipe.entry.description)) > 3, name


@pytest.mark.parametrize("library", ["library", "library_daily"])
@pytest.mark.parametrize(
    ("name", "bridged"),
    [("us_treasury_20y", ("1987-01", "1993-09")), ("us_treasury_30y", ("2002-03", "2006-01"))],
)
def test_years_without_a_yield_are_bridged_by_the_other_long_yield(
    library: str, name: str, bridged: tuple[str, str]
) -> None:
    """FRED has no 20-year yield from 1987 to 1993-09, and no 30-year yield from 2002-02-16 to 2006-02-08.

    Here they are 4 % and 8 %, so that each return tells which of the two it comes from.
    """
    days = pd.date_range("1980-01-01", "2010-12-31", name="date")
    known = {
        "DGS20": (days < pd.Timestamp("1987-01-01")) | (days >= pd.Timestamp("1993-10-01")),
        "DGS30": (days < pd.Timestamp("2002-02-16")) | (days > pd.Timestamp("2006-02-08")),
    }
    yields = {
        symbol: raw(np.full(kept.sum(), 4.0 if symbol == "DGS20" else 8.0), days[kept])
        for symbol, kept in known.items()
    }
    recipe = recipes_of(library)[name]
    fetched = {part: [yields[part.symbol]] if part.symbol in yields else NoNetwork("no") for part in recipe.parts}
    level = put_together(library, recipe, fetched).values["level"]
    years = np.diff(level.index.to_numpy()) / np.timedelta64(1, "D") / 365.25
    earned = pd.Series(2 * ((level.to_numpy()[1:] / level.to_numpy()[:-1]) ** (1 / (2 * years)) - 1), level.index[1:])
    own, other = (0.04, 0.08) if name == "us_treasury_20y" else (0.08, 0.04)
    begin, end = bridged
    np.testing.assert_allclose(earned.loc[begin:end], other, rtol=1e-6)
    edges = pd.Timedelta(days=62)
    outside = (earned.index < pd.Timestamp(begin) - edges) | (earned.index > pd.Timestamp(end) + edges)
    np.testing.assert_allclose(earned[outside], own, rtol=1e-6)
    assert years.max() < 0.1
