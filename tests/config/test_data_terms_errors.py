"""Mistakes in the data section about loans, consumer prices, leveraged funds, currencies, opens and volumes.

The table has the columns of `test_config_errors`: replaced text, replacement, expected place, and message.
"""
# ruff: noqa: E501 - each message is one line

from pathlib import Path

import pytest

from support.builders.config_mistakes import GOOD, SERIES, edited, loaded, mistakes, place

LISTED = "[us_stocks, us_treasury_10y, gold, crude_oil]"
FUND = "of, leverage, expense_ratio, swap_spread_bps, class"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "p.csv").write_text("date,A,B,c\n2020-01-31,1,1,1\n2020-02-29,1,1,1\n", encoding="utf-8")
    return tmp_path / "mine.yaml"


ONE = {
    # loans
    "no such loan rate": ("  start", "  loan_rate: us_bill\n  start", "us_bill", f"data.loan_rate: no series us_bill; available: {SERIES}. Did you mean us_tbill?"),
    "macro as loan rate": ("  start", "  loan_rate: us_cpi\n  start", "us_cpi", f"data.loan_rate: us_cpi is not a price series; available: {SERIES}."),
    "loan rate in percent": ("  start", "  loan_rate: 5\n  start", "5\n  start", "data.loan_rate: a rate of 5 a year; expected a decimal such as 0.02 for 2 %"),
    "loan rate without symbol": ("  start", "  loan_rate: {source: fred}\n  start", "{source", "data.loan_rate: got {'source': 'fred'}, expected the symbol too, such as {source: fred, symbol: SOFR}"),
    "loan rate of csv without path": ("  start", "  loan_rate: {source: csv, symbol: x}\n  start", "{source", "data.loan_rate: loan_rate: source csv needs a path to its file"),
    "loan rate as list": ("  start", "  loan_rate: [us_tbill]\n  start", "[us_tbill]", "data.loan_rate: got ['us_tbill'], expected …"),
    # consumer prices
    "no such consumer prices": ("  start", "  consumer_prices: us_cpy\n  start", "us_cpy", "data.consumer_prices: no series us_cpy; available: us_cpi, us_yield_10y. Did you mean us_cpi?"),
    "prices of a share": ("  start", "  consumer_prices: us_stocks\n  start", "us_stocks\n", "data.consumer_prices: us_stocks is not an index of consumer prices; available: us_cpi, us_yield_10y."),
    "consumer prices without symbol": ("  start", "  consumer_prices: {source: fred}\n  start", "{source", "data.consumer_prices: got {'source': 'fred'}, expected the symbol too, such as {source: fred, symbol: CPIAUCNS}"),
    "consumer prices as number": ("  start", "  consumer_prices: 0.02\n  start", "0.02", "data.consumer_prices: got 0.02, expected …"),
    # leveraged funds
    "leverage 0": (LISTED, "{gold: x, g: {of: gold, leverage: 0}}", "0}}", "data.assets.g.leverage: a leverage of 0; expected a multiple of the daily return, such as 3 or -1"),
    "leverage in words": (LISTED, "{g: {of: gold, leverage: two}}", "two", "data.assets.g.leverage: got 'two', expected …"),
    "leverage without bound": (LISTED, "{g: {of: gold, leverage: .inf}}", ".inf", "data.assets.g.leverage: got inf, expected a finite number"),
    "no leverage": (LISTED, "{g: {of: gold}}", "{of", "data.assets.g.leverage: missing; it has no default"),
    "of nothing": (LISTED, "{g: {leverage: 2}}", "{leverage", "data.assets.g.of: missing; it has no default"),
    "of no series": (LISTED, "{g: {of: golf, leverage: 2}}", "golf", f"data.assets.g.of: no series golf; available: {SERIES}. Did you mean gold?"),
    "of itself": (LISTED, "{g: {of: g, leverage: 2}}", "{g: {", "data.assets: g: follows g, which is a leveraged fund itself; expected a series of prices"),
    "of another": (LISTED, "{f: {of: gold, leverage: 2}, g: {of: f, leverage: 2}}", "{f: {", "data.assets: g: follows f, which is a leveraged fund itself; expected a series of prices"),
    "expenses in percent": (LISTED, "{g: {of: gold, leverage: 2, expense_ratio: 0.91}}", "0.91", "data.assets.g.expense_ratio: an expense ratio of 0.91; expected a decimal a year, such as 0.0091 for 0.91 %"),
    "expenses below 0": (LISTED, "{g: {of: gold, leverage: 2, expense_ratio: -0.01}}", "-0.01", "data.assets.g.expense_ratio: an expense ratio of -0.01; expected a decimal a year, such as 0.0091 for 0.91 %"),
    "spread below 0": (LISTED, "{g: {of: gold, leverage: 2, swap_spread_bps: -1}}", "-1}}", "data.assets.g.swap_spread_bps: got -1, expected greater than or equal to 0"),
    "no such setting of a fund": (LISTED, "{g: {of: gold, leverage: 2, expnse_ratio: 0.01}}", "expnse", f"data.assets.g.expnse_ratio: unknown setting; data.assets.g accepts: {FUND}. Did you mean expense_ratio?"),
    "a source of a fund": (LISTED, "{g: {of: gold, leverage: 2, source: csv}}", "source: csv", f"data.assets.g.source: unknown setting; data.assets.g accepts: {FUND}. Did you mean data.source?"),
    "a splice of a fund": (f"{LISTED}\n", "{g: {of: gold, leverage: 2}}\n  splice: {g: gold}\n", "{g: gold", "data.splice: g: a modelled fund has the history of the series it follows. Hint: splice gold"),
    # spot
    "spot in words": (LISTED, "{gold: {spot: perhaps}}", "perhaps", "data.assets.gold.spot: got 'perhaps', expected …"),
    # currencies
    "a currency of no code": ("  start", "  currency: dollars\n  start", "dollars", "data.currency: got 'dollars', expected the ISO code of a currency, such as EUR"),
    "pence": (LISTED, "{gold: {currency: GBp}}", "GBp", "data.assets.gold.currency: got 'GBp', expected GBP: returns are the same in its hundredths"),
    "an asset in another currency": (LISTED, "{gold: {currency: EUR}}", "EUR", "data.assets.gold.currency: in EUR, and the run is in USD; expected the same. Hint: data.fx: {EUR: the series of the price of one EUR in USD}, or data.currency: EUR"),
    "a rate of another currency": (f"{LISTED}\n", "{gold: {currency: EUR}}\n  fx: {GBP: us_stocks}\n", "EUR}", "data.assets.gold.currency: in EUR, and the run is in USD; …"),
    "no such rate of exchange": ("  start", "  fx: {EUR: eur}\n  start", "eur}", f"data.fx.EUR: no series eur; available: {SERIES}."),
    "a rate of the run's own": ("  start", "  fx: {USD: gold}\n  start", "{USD", "data.fx: USD: the currency of the run itself; expected other currencies"),
    "a rate without symbol": ("  start", "  fx: {EUR: {source: yfinance}}\n  start", "{EUR", "data.fx: EUR: expected the symbol too, such as {source: yfinance, symbol: EURUSD=X}"),
    # opens and volumes
    "opens of the sample": ("  start", "  opens: true\n  start", "true", "data.opens: true requires source yfinance, but us_stocks has source sample; expected a file with a column for each asset, such as {path: opens.csv}"),
    "volumes of the sample": ("  start", "  volumes: true\n  start", "true", "data.volumes: true requires source yfinance, but us_stocks has source sample; expected a file with a column for each asset, such as {path: volumes.csv}"),
    "opens as a word": ("  start", "  opens: opens.csv\n  start", "opens.csv", "data.opens: got 'opens.csv', expected true with source yfinance, or a file: {path: opens.csv}"),
    "volumes as a word": ("  start", "  volumes: v.parquet\n  start", "v.parquet", "data.volumes: got 'v.parquet', expected true with source yfinance, or a file: {path: v.parquet}"),
    "opens of a file without the asset": ("  start", "  opens: {path: p.csv}\n  start", "{path", "data.opens: no series us_stocks; available: A, B, c."),
    "opens of a model": (f"{LISTED}\n", "{g: {of: gold, leverage: 2}}\n  opens: {path: p.csv}\n", "{path", "data.opens: g: a modelled fund has no opens. Hint: remove one of the two"),
    "no such setting of opens": ("  start", "  opens: {path: p.csv, sorce: csv}\n  start", "sorce", "data.opens.sorce: unknown setting; data.opens accepts: path, source, separator, decimal, date_format, sheet. Did you mean source?"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "words"), ONE.values(), ids=ONE.keys())
def test_a_mistake_is_reported_with_its_place(file: Path, old: str, new: str, at: str, words: str) -> None:
    text = edited(old, new)
    found = mistakes(file, text)[0]  # a file lacks every asset
    expected = f"{place(text, at)}: {words}"
    if expected.endswith("…"):
        assert found.startswith(expected.removesuffix("…"))
    else:
        assert found == expected


def test_the_benchmark_is_in_the_currency_of_the_run(file: Path) -> None:
    (file.parent / "other.yaml").write_text(edited("  start", "  currency: EUR\n  start"), encoding="utf-8")
    text = f"{GOOD}benchmark: other.yaml\n"
    assert mistakes(file, text) == [
        f"{place(text, 'other.yaml')}: benchmark: its currency is EUR, but the run's is USD; expected one currency"
    ]


def test_valid_terms_of_the_data_section_are_accepted_together(file: Path) -> None:
    """The section has one valid setting of each kind."""
    terms = (
        "  loan_rate: us_tbill\n  consumer_prices: us_cpi\n  currency: USD\n  fx: {EUR: gold}\n  opens: false\n  start"
    )
    data = loaded(file, edited("  start", terms)).data
    assert data.loan_rate == "us_tbill"
    assert data.consumer_prices == "us_cpi"
    assert data.opens is None
