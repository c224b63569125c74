"""Currencies: assets in other currencies are converted by a stated exchange rate, or refused."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source
from backtest.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=6, freq="B").as_unit("s")
LEVELS = {
    "SPY": [100.0, 101.0, 99.0, 102.0, 102.0, 103.0],
    "DAX": [50.0, 50.5, 52.0, 51.0, 53.0, 52.0],
    "OLD": [5.0, 5.05, 5.2, 5.1, 5.3, 5.2],
    "FTSE": [7000.0, 7010.0, 7050.0, 7001.0, 7020.0, 7035.0],
    "BILL": [10.0, 10.001, 10.002, 10.003, 10.004, 10.005],
    "EURUSD": [1.10, 1.11, 1.09, 1.10, 1.12, 1.12],
    "GBPUSD": [1.25, 1.26, 1.27, 1.26, 1.24, 1.25],
    "USDEUR": [1 / 1.10, 1 / 1.11, 1 / 1.09, 1 / 1.10, 1 / 1.12, 1 / 1.12],
}


class Exchange(Source):
    """Source that states the currency of its series."""

    cached = False
    currencies: ClassVar[Mapping[str, str]] = {"DAX": "EUR", "OLD": "EUR", "FTSE": "GBp", "USDEUR": "EUR"}

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:
        del since, seconds
        values = pd.DataFrame({"level": LEVELS[symbol]}, index=DAYS.rename("date"))
        facts = {"currency": self.currencies.get(symbol, "USD")}
        return RawSeries(values, f"exchange {symbol}", "levels", facts=facts, notes=("a caveat of an investment",))


EXCHANGE = f"{__name__}:Exchange"


def loaded(assets: Any, folder: Path = Path(), **changed: Any) -> MarketData:
    raw = {"source": EXCHANGE, "assets": assets, "cash": "BILL", **changed}
    return load(DataSettings.model_validate(raw), folder)


def error_of(assets: Any, **changed: Any) -> str:
    with pytest.raises(DataError) as failure:
        loaded(assets, **changed)
    return str(failure.value)


def level(symbol: str) -> pd.Series:
    return pd.Series(LEVELS[symbol], index=DAYS)


def test_converted_returns_are_those_of_an_investor_in_the_runs_currency() -> None:
    """(1 + r)(1 + fx) - 1, period by period."""
    data = loaded(["SPY", "DAX"], fx={"EUR": "EURUSD"})
    expected = (1 + level("DAX").pct_change()) * (1 + level("EURUSD").pct_change()) - 1
    np.testing.assert_allclose(data.returns["DAX"], expected, rtol=1e-12)  # products and quotients of the same levels
    np.testing.assert_array_equal(data.prices["SPY"], level("SPY"))
    assert data.assets == ("SPY", "DAX")
    assert "DAX: converted to USD by EURUSD" in data.notes
    origin = next(one for one in data.origins if one.name == "EURUSD")
    assert origin.meaning == "price of one EUR in USD"
    assert "EURUSD: a caveat of an investment" not in data.notes


def test_a_run_in_the_assets_currency_needs_no_conversion() -> None:
    data = loaded(["DAX"], currency="EUR", cash=0.02)
    np.testing.assert_array_equal(data.prices["DAX"], level("DAX"))


def test_an_unused_exchange_rate_is_refused_as_a_forgotten_currency(tmp_path: Path) -> None:
    """Files state no currency: without the setting a price in euros would count as dollars."""
    frame = pd.DataFrame({"A": LEVELS["DAX"], "fx": LEVELS["EURUSD"], "c": LEVELS["BILL"]}, index=DAYS)
    frame.to_csv(tmp_path / "p.csv", index_label="date")
    with pytest.raises(DataError) as failure:
        loaded({"A": "equities"}, tmp_path, source="csv", path="p.csv", cash=0.0, fx={"EUR": "fx"})
    assert str(failure.value) == (
        "data.fx.EUR: no series is in EUR. Hint: {currency: EUR} for the series that are, or remove this rate."
    )


def test_prices_in_pence_are_in_pounds() -> None:
    data = loaded(["FTSE"], fx={"GBP": {"symbol": "GBPUSD"}})
    expected = (level("FTSE") * level("GBPUSD")).pct_change()
    np.testing.assert_allclose(data.returns["FTSE"][1:], expected[1:], rtol=1e-12)
    assert "FTSE: converted to USD by GBP/USD" in data.notes


def test_a_file_is_in_the_runs_currency_by_default(tmp_path: Path) -> None:
    frame = pd.DataFrame({"A": LEVELS["DAX"], "fx": LEVELS["EURUSD"], "c": LEVELS["BILL"]}, index=DAYS)
    frame.to_csv(tmp_path / "p.csv", index_label="date")
    frame.pct_change().iloc[1:].to_csv(tmp_path / "r.csv", index_label="date")
    file: dict[str, Any] = {"source": "csv", "path": "p.csv", "cash": "c"}
    own = loaded({"A": "equities"}, tmp_path, **file)
    np.testing.assert_array_equal(own.prices["A"], level("DAX"))
    said = {"A": {"currency": "EUR"}}
    file["cash"] = {"symbol": "c", "currency": "USD"}
    foreign = loaded(said, tmp_path, **file, fx={"EUR": "fx"})
    np.testing.assert_allclose(foreign.prices["A"], level("DAX") * level("EURUSD"), rtol=1e-15)
    returns = loaded(said, tmp_path, **{**file, "path": "r.csv"}, values="returns", fx={"EUR": "fx"})
    np.testing.assert_allclose(returns.returns["A"], foreign.returns["A"], rtol=1e-10)  # of a file


def test_dates_without_an_exchange_rate_are_left_out(tmp_path: Path) -> None:
    """Like dates without any other series, also with `ragged`."""
    (tmp_path / "fx.csv").write_text(
        "date,EUR\n2024-01-01,1.1\n2024-01-02,1.11\n2024-01-04,1.1\n2024-01-05,1.12\n2024-01-08,1.12\n",
        encoding="utf-8",
    )
    for ragged in (False, True):
        fx = {"EUR": {"source": "csv", "path": "fx.csv", "symbol": "EUR"}}
        data = loaded(["SPY", "DAX"], tmp_path, fx=fx, ragged=ragged)
        assert data.dates.equals(DAYS.delete(2))
        assert "EUR/USD lacks 1" in " ".join(data.notes)
        expected = (level("DAX") * level("EURUSD")).drop(DAYS[2]).pct_change()
        np.testing.assert_allclose(data.returns["DAX"][1:], expected[1:], rtol=1e-12)


def test_a_leveraged_fund_follows_the_converted_return() -> None:
    fund = {"of": "DAX", "leverage": 2}
    data = loaded({"DAX": "equities", "x": fund}, fx={"EUR": "EURUSD"})
    expected = 2 * data.returns["DAX"] - data.cash_returns
    np.testing.assert_allclose(data.returns["x"][1:], expected[1:], rtol=1e-13)


# Refused input


def test_an_asset_that_cannot_be_converted_is_refused() -> None:
    assert error_of(["SPY", "DAX"]) == (
        "exchange DAX: DAX is in EUR, and the run is in USD; expected the same. "
        "Hint: data.fx: {EUR: the series of the price of one EUR in USD}, or data.currency: EUR."
    )
    assert error_of({"DAX": "x"}, fx={"GBP": "GBPUSD"}).startswith(
        "exchange DAX: DAX is in EUR, and the run is in USD;"
    )
    assert error_of({"x": {"of": "DAX", "leverage": 2}}).startswith("exchange DAX: DAX is in EUR, and the run")


def test_a_source_that_contradicts_the_stated_currency_is_refused() -> None:
    assert error_of({"DAX": {"currency": "USD"}}) == (
        "exchange DAX: in EUR, according to its source; expected USD, according to the settings. "
        "Hint: check data.assets.DAX.currency."
    )
    assert loaded({"DAX": {"currency": "EUR"}}, currency="EUR", cash=0.0).assets == ("DAX",)


def test_an_inverted_exchange_rate_is_refused() -> None:
    assert error_of(["DAX"], fx={"EUR": "USDEUR"}) == (
        "exchange USDEUR: in EUR, according to its source; expected USD, for the price of one EUR. Hint: check data.fx."
    )


# Cash, the loan rate and splice series


EUROS: Mapping[str, Any] = {"currency": "EUR", "fx": {"USD": "USDEUR"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file, which states no currency."""
    pd.DataFrame(LEVELS, index=DAYS).assign(rate=3.6).to_csv(tmp_path / "p.csv", index_label="date")
    return tmp_path


def from_file(folder: Path, **changed: Any) -> MarketData:
    assets = changed.pop("assets", {"DAX": {"currency": "EUR"}})
    return loaded(assets, folder, **{"source": "csv", "path": "p.csv", **changed})


def in_euros(symbol: str) -> pd.Series:
    """Return the return of dollars to an investor in euros."""
    return (1 + level(symbol).pct_change()) * (1 + level("USDEUR").pct_change()) - 1


@pytest.mark.parametrize("own", [{"symbol": "BILL"}, {"source": "csv", "path": "p.csv", "symbol": "BILL"}])
def test_cash_and_loans_of_another_currency_are_converted(file: Path, own: dict[str, str]) -> None:
    """A dollar bill in a run in euros moves with the dollar: (1 + r)(1 + fx) - 1, and so does a loan in dollars."""
    foreign = {**own, "currency": "USD"}
    data = from_file(file, cash=foreign, loan_rate=foreign, **EUROS)
    assert data.loan_returns is not None
    np.testing.assert_allclose(data.cash_returns, in_euros("BILL"), rtol=0, atol=1e-15)
    np.testing.assert_allclose(data.loan_returns, in_euros("BILL"), rtol=0, atol=1e-15)
    assert {f"{name}: converted to EUR by USDEUR" for name in ("cash", "loan_rate")} <= set(data.notes)
    local = from_file(file, cash={**own, "currency": "EUR"}, loan_rate=foreign, **EUROS)
    np.testing.assert_allclose(local.cash_returns, level("BILL").pct_change(), rtol=0, atol=1e-15)


def test_a_source_that_states_the_currency_of_cash_needs_no_setting() -> None:
    data = loaded(["DAX"], cash="BILL", **EUROS)
    np.testing.assert_allclose(data.cash_returns, in_euros("BILL"), rtol=0, atol=1e-15)
    np.testing.assert_allclose(data.returns["DAX"], level("DAX").pct_change(), rtol=0, atol=1e-15)


def test_cash_that_is_an_asset_is_in_its_currency(file: Path) -> None:
    assets = {"DAX": {"currency": "EUR"}, "BILL": {"currency": "USD"}}
    data = from_file(file, assets=assets, cash="BILL", **EUROS)
    np.testing.assert_allclose(data.cash_returns, in_euros("BILL"), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(data.cash_returns, data.returns["BILL"])


def test_a_quoted_rate_is_paid_in_its_currency(file: Path) -> None:
    """A deposit at 3.6 % a year earns a basis point a day, three over the weekend, in dollars."""
    rate = {"symbol": "rate", "rate": {"quoted": "overnight"}}
    data = from_file(file, cash={**rate, "currency": "USD"}, **EUROS)
    earned = 1e-4 * np.array([1, 1, 1, 1, 3])
    fx = level("USDEUR").pct_change().to_numpy()[1:]
    np.testing.assert_allclose(data.cash_returns[1:], (1 + earned) * (1 + fx) - 1, rtol=0, atol=1e-15)
    local = from_file(file, cash={**rate, "currency": "EUR"}, loan_rate={"symbol": "BILL", "currency": "USD"}, **EUROS)
    np.testing.assert_allclose(local.cash_returns[1:], earned, rtol=1e-10)  # of levels near 1


def test_a_constant_cash_rate_is_in_the_currency_of_the_run(file: Path) -> None:
    assets = {"SPY": {"currency": "USD"}}
    data = from_file(file, assets=assets, cash=0.02, **EUROS)
    assert data.cash_returns.iloc[1] == pytest.approx(1.02 ** (1 / 365.25) - 1, rel=1e-12)


@pytest.mark.parametrize("calendar", [None, "intersection", "union"])
@pytest.mark.parametrize(("of_asset", "of_proxy"), [("EUR", "USD"), ("USD", "EUR"), ("USD", "USD"), ("GBP", "USD")])
def test_a_splice_series_is_converted_from_its_own_currency(
    file: Path, of_asset: str, of_proxy: str, calendar: str | None
) -> None:
    """Before the splice the returns are the proxy's in the run's currency, and after it they are the asset's."""
    frame = pd.DataFrame({name: LEVELS[name] for name in ("DAX", "SPY", "USDEUR")}, index=DAYS)
    frame = frame.assign(GBPEUR=[1.15, 1.16, 1.17, 1.16, 1.14, 1.15])
    frame.iloc[:3, 0] = np.nan
    frame.to_csv(file / "s.csv", index_label="date")
    rates = {"EUR": pd.Series(1.0, DAYS), "USD": frame["USDEUR"], "GBP": frame["GBPEUR"]}
    used = {code: {"symbol": f"{code}EUR"} for code in {of_asset, of_proxy} - {"EUR"}}
    data = loaded(
        {"DAX": {"currency": of_asset}}, file, source="csv", path="s.csv", cash=0.0, currency="EUR", fx=used,
        splice={"DAX": {"symbol": "SPY", "currency": of_proxy}}, **({} if calendar is None else {"calendar": calendar}),
    )  # fmt: skip
    before = (frame["SPY"] * rates[of_proxy]).pct_change()
    after = (frame["DAX"] * rates[of_asset]).pct_change()
    expected = pd.concat([before[1:4], after[4:]])
    np.testing.assert_allclose(data.returns["DAX"][1:], expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("changed", "place", "name", "hint"), [
    ({"cash": "BILL"}, "data.cash", "BILL", "cash: {symbol: BILL, currency: EUR}"),
    ({"cash": {"symbol": "BILL"}}, "data.cash", "cash", "cash: {symbol: BILL, currency: EUR}"),
    ({"cash": {"symbol": "rate", "rate": {"quoted": "overnight"}}}, "data.cash", "cash",
     "cash: {symbol: rate, rate: {quoted: overnight, days: 91}, currency: EUR}"),
    ({"cash": {"source": "csv", "path": "p.csv", "symbol": "BILL"}}, "data.cash", "cash",
     "cash: {source: csv, symbol: BILL, path: p.csv, currency: EUR}"),
    ({"cash": 0.0, "loan_rate": "BILL"}, "data.loan_rate", "BILL", "loan_rate: {symbol: BILL, currency: EUR}"),
    ({"cash": 0.0, "splice": {"SPY": "OLD"}}, "data.splice.SPY", "OLD", "splice: {SPY: {symbol: OLD, currency: EUR}}"),
    ({"cash": "DAX", "assets": {"SPY": {"currency": "USD"}, "DAX": "x"}}, "data.assets.DAX", "DAX",
     "assets: {SPY: {currency: USD}, DAX: {class: x, currency: EUR}}"),
    ({"cash": "DAX", "assets": {"SPY": {"currency": "USD"}, "DAX": "x", "SPY_2X": {"of": "SPY", "leverage": 2.0}}},
     "data.assets.DAX", "DAX", ("assets: {SPY: {currency: USD}, DAX: {class: x, currency: EUR}, "
     "SPY_2X: {of: SPY, leverage: 2.0, expense_ratio: 0.0, swap_spread_bps: 0.0}}")),
    ({"cash": "DAX", "assets": ["SPY", "DAX"]}, "data.assets.DAX", "DAX",
     "assets: {SPY: {}, DAX: {currency: EUR}}"),
])  # fmt: skip
def test_cash_loans_and_splices_have_to_state_their_currency(
    file: Path, changed: dict[str, Any], place: str, name: str, hint: str
) -> None:
    with pytest.raises(DataError) as failure:
        from_file(file, **{"assets": {"SPY": {"currency": "USD"}}, **EUROS, **changed})
    assert str(failure.value) == (
        f"{place}: the currency of {name} (p.csv) is not stated, but the run has data.fx; expected its currency, "
        f"because it is converted to EUR or is in EUR already. Hint: {hint}, or the currency that it is in."
    )
    accepted = YAML(typ="safe").load(hint)
    assert DataSettings.model_validate(
        {"source": "csv", "path": "p.csv", "assets": {"SPY": {"currency": "USD"}}, **EUROS, **changed, **accepted}
    )


def test_a_series_is_in_one_currency(file: Path) -> None:
    """An asset without a currency is in euros; the same column cannot be in dollars as cash."""
    given: dict[str, Any] = {"cash": {"symbol": "BILL", "currency": "USD"}, **EUROS}
    with pytest.raises(DataError) as failure:
        from_file(file, assets={"SPY": {"currency": "USD"}, "BILL": "bills"}, **given)
    assert str(failure.value) == (
        "p.csv: BILL is in USD as data.cash, and in EUR as data.assets.BILL, which states no currency; expected one "
        "currency. Hint: set currency: USD there."
    )
    data = from_file(file, assets={"SPY": {"currency": "USD"}, "BILL": {"currency": "USD"}}, **given)
    np.testing.assert_array_equal(data.cash_returns, data.returns["BILL"])


def test_without_exchange_rates_every_series_is_in_the_runs_currency(file: Path) -> None:
    data = from_file(file, currency="EUR", cash="BILL", loan_rate={"symbol": "BILL", "currency": "EUR"})
    np.testing.assert_allclose(data.cash_returns, level("BILL").pct_change(), rtol=0, atol=1e-15)


def test_a_stated_currency_that_cannot_be_converted_is_refused(file: Path) -> None:
    with pytest.raises(
        DataError, match=r"^p.csv: cash is in USD, and the run is in EUR; expected the same. Hint: data.fx"
    ):
        from_file(file, currency="EUR", cash={"symbol": "BILL", "currency": "USD"})


@pytest.mark.parametrize(("setting", "given", "words"), [
    ("fx", {"USD": {"symbol": "USDEUR", "currency": "GBP"}}, "USD: in GBP; expected its price in EUR, or EUR in USD"),
    ("consumer_prices", {"symbol": "cpi", "currency": "EUR"}, "a price index takes no currency"),
])  # fmt: skip
def test_a_currency_that_a_setting_cannot_have_is_refused(setting: str, given: Any, words: str) -> None:
    raw = {"source": "csv", "path": "p.csv", "assets": ["A"], "cash": 0.0, "currency": "EUR", setting: given}
    with pytest.raises(ValidationError, match=words):
        DataSettings.model_validate(raw)


def test_cash_in_another_currency_needs_an_exchange_rate() -> None:
    words = (
        "exchange BILL: BILL is in USD, and the run is in EUR; expected the same. "
        "Hint: data.fx: {USD: the series of the price of one USD in EUR}, or data.currency: USD."
    )
    assert error_of(["DAX"], currency="EUR") == words
    assert error_of(["DAX"], currency="EUR", cash=0.0, loan_rate="BILL") == words


def test_an_interest_rate_is_refused_as_an_exchange_rate(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("date,r\n2024-01-01,5\n2024-01-08,5\n", encoding="utf-8")
    rate = {"source": "csv", "path": "p.csv", "symbol": "r", "rate": {"quoted": "overnight"}}
    with pytest.raises(DataError, match=r"^p.csv: an interest rate; expected an exchange rate"):
        loaded(["DAX"], tmp_path, fx={"EUR": rate})


def test_the_sample_is_in_dollars() -> None:
    words = "monthly.csv: us_stocks is in USD, and the run is in EUR; expected the same."
    assert error_of(["us_stocks"], source="sample", cash=0.02, currency="EUR").startswith(words)
