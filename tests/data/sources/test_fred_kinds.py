"""Kinds of FRED's series, by their ids: rates with and without a known quotation, levels, and exchange rates."""

from collections.abc import Callable

import pytest

from backtest.data.raw_series import INCOME_UNKNOWN, Rate, RawSeries, as_rate
from backtest.data.sources import fred
from support.web.fake_sources import fred_csv

BILLS = {"2024-01-01": ".", "2024-01-02": "5.22", "2024-01-03": "5.25", "2024-01-04": "", "2024-01-05": "-0.01"}

Fetched = Callable[[str], RawSeries]


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Fetched:
    """Return a function that reads FRED's answer for an id."""

    def of(symbol: str) -> RawSeries:
        answer = fred_csv(symbol, BILLS).encode()
        monkeypatch.setattr(fred, "download", lambda *_, **__: answer)
        return fred.Fred().fetch(symbol, None, 1.0)

    return of


@pytest.mark.parametrize(
    ("symbol", "rate"),
    [
        ("DTB4WK", Rate(quoted="discount", days=28)),
        ("DTB6", Rate(quoted="discount", days=182)),
        ("DTB1YR", Rate(quoted="discount", days=364)),
        ("WTB3MS", Rate(quoted="discount", days=91)),
        ("DGS1MO", Rate(quoted="bond_equivalent", days=30)),
        ("DGS3MO", Rate(quoted="bond_equivalent", days=91)),
        ("DGS1", Rate(quoted="bond_equivalent", days=365)),
        ("SOFR", Rate(quoted="overnight")),
        ("DFF", Rate(quoted="overnight")),
        ("ECBESTRVOLWGTTRMDMNRT", Rate(quoted="overnight")),
    ],
)
def test_known_rates_have_their_quotation(fetched: Fetched, symbol: str, rate: Rate) -> None:
    quotes = fetched(symbol)
    assert (quotes.kind, quotes.rate, quotes.notes) == ("rate", rate, ())


@pytest.mark.parametrize(
    ("symbol", "kind", "note"),
    [
        ("DGS10", "rate", "a yield earned day by day: a bond's changes in price are not in it"),
        ("IUDSOIA", "rate", "SONIA counts its days over 365; over 360, as here, it earns 1.4 % more of itself"),
        ("SP500", "levels", "price index: the dividends of its members are not in it"),
        ("WILL5000PR", "levels", "price index: the dividends of its members are not in it"),
        ("WILL5000INDFC", "levels", None),
        ("BAMLCC0A0CMTRIV", "levels", None),
        ("BAMLC0A0CM", "levels", INCOME_UNKNOWN),
        ("DCOILWTICO", "levels", INCOME_UNKNOWN),
        ("DTB30", "levels", INCOME_UNKNOWN),
    ],
)
def test_series_have_the_caveats_of_their_kind(fetched: Fetched, symbol: str, kind: str, note: str | None) -> None:
    quotes = fetched(symbol)
    assert (quotes.kind, quotes.notes) == (kind, () if note is None else (note,))
    if kind == "levels":
        assert quotes.rate is None
        assert quotes.values["level"].tolist() == [5.22, 5.25, -0.01]


@pytest.mark.parametrize(
    "symbol",
    [
        "IORB",
        "DFEDTARU",
        "DPRIME",
        "ECBDFR",
        "SOFR30DAYAVG",
        "IR3TIB01DEM156N",
        "INTDSRUSM193N",
        "DAAA",
        "T10Y2Y",
        "DFII10",
        "BAMLC0A0CM",
    ],
)
def test_a_rate_whose_quotation_is_not_known_is_marked(fetched: Fetched, symbol: str) -> None:
    assert fetched(symbol).facts == {"unit": "percent"}


@pytest.mark.parametrize("symbol", ["DCOILWTICO", "CPIAUCNS", "SOFRINDEX", "BAMLCC0A0CMTRIV", "DTB3", "SP500", "TEXAS"])
def test_other_series_are_not_marked_as_rates(fetched: Fetched, symbol: str) -> None:
    assert fetched(symbol).facts == {}


@pytest.mark.parametrize(
    ("symbol", "currency", "base"),
    [("DEXJPUS", "JPY", "USD"), ("DEXUSEU", "USD", "EUR"), ("EXCHUS", "CNY", "USD"), ("AEXUSUK", "USD", "GBP")],
)
def test_exchange_rates_state_their_direction(fetched: Fetched, symbol: str, currency: str, base: str) -> None:
    rate = fetched(symbol)
    assert (rate.facts, rate.kind) == ({"currency": currency, "base": base}, "levels")
    assert rate.notes == ("spot rate of exchange: the interest of the currency is not in it",)


def test_any_other_series_can_be_read_as_a_rate(fetched: Fetched) -> None:
    quotes = as_rate(fetched("IR3TIB01DEM156N"), Rate(quoted="bond_equivalent"))
    assert (quotes.kind, quotes.notes) == ("rate", ())
    assert quotes.values["rate"].iloc[0] == pytest.approx(0.0522)
