"""Currency hedges: the closed form, covered interest parity, forms of the two cash rates, and refused settings."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.errors import DataError

DAYS = pd.bdate_range("2024-01-01", periods=40, name="date")
_wave = np.sin(np.arange(40))
LEVELS = pd.DataFrame(
    {
        "DAX": 50 * np.cumprod(1 + 0.01 * _wave),
        "SPY": 100 * np.cumprod(1 + 0.008 * np.cos(np.arange(40))),
        "EURUSD": 1.1 * np.cumprod(1 - 0.005 * _wave**2),
        "USD_BILL": np.cumprod(np.full(40, 1.0002)),
        "EUR_BILL": np.cumprod(np.full(40, 1.0001)),
        "rate": 3.6,
    },
    index=DAYS,
)
EUR = {"symbol": "EURUSD", "cash": "EUR_BILL"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    LEVELS.to_csv(tmp_path / "p.csv")
    return tmp_path


def settings(**changed: Any) -> DataSettings:
    assets = {"DAX": {"currency": "EUR"}, "SPY": {"currency": "USD"}}
    cash = {"symbol": "USD_BILL", "currency": "USD"}
    return DataSettings.model_validate({"source": "csv", "path": "p.csv", "assets": assets, "cash": cash, **changed})


def hedged(folder: Path, hedge: float, **changed: Any) -> MarketData:
    return load(settings(**{"fx": {"EUR": {**EUR, **changed.pop("eur", {})}, "hedge": hedge}, **changed}), folder)


def change(name: str) -> pd.Series:
    return LEVELS[name].pct_change().iloc[1:]


@pytest.mark.parametrize("hedge", [0.0, 0.4, 1.0])
def test_a_hedge_earns_the_forward_discount_and_loses_the_move_of_the_currency(folder: Path, hedge: float) -> None:
    data = hedged(folder, hedge)
    forward = (1 + change("USD_BILL")) / (1 + change("EUR_BILL"))
    unhedged = (1 + change("DAX")) * (1 + change("EURUSD"))
    expected = unhedged - 1 + hedge * (forward - 1 - change("EURUSD"))
    np.testing.assert_allclose(data.returns["DAX"].iloc[1:], expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(data.returns["SPY"].iloc[1:], change("SPY"), rtol=0, atol=1e-14)
    assert data.prices["DAX"].iloc[0] == pytest.approx(55.0, rel=0.01)
    note = f"DAX: hedged, {100 * hedge:g} % of its value is sold forward from date to date, at the difference of the "
    assert any(line.startswith(note) for line in data.notes) == (hedge > 0)


def test_hedged_cash_of_another_currency_earns_cash(folder: Path) -> None:
    """Covered interest parity: all that is left is the move of the currency on the interest of a day."""
    assets = {"deposit": {"symbol": "EUR_BILL", "currency": "EUR"}}
    left = hedged(folder, 1.0, assets=assets).returns["deposit"].iloc[1:] - change("USD_BILL")
    assert abs(left).max() <= 1e-4 * abs(change("EURUSD")).max() + 1e-7


def test_cash_rates_may_be_quoted_or_constant(folder: Path) -> None:
    """A quoted rate of 3.6 % earns a basis point a day, three over a weekend."""
    days = np.diff(DAYS.to_numpy()) / np.timedelta64(1, "D")
    quoted = {"cash": {"symbol": "rate", "rate": {"quoted": "overnight"}}}
    data = hedged(folder, 1.0, eur=quoted, cash=0.02)
    forward = 1.02 ** (days / 365.25) / (1 + 1e-4 * days)
    expected = change("DAX") * (1 + change("EURUSD")) + forward - 1
    np.testing.assert_allclose(data.returns["DAX"].iloc[1:], expected, rtol=0, atol=1e-14)
    constant = hedged(folder, 1.0, eur={"cash": 0.02}, cash=0.02).returns["DAX"].iloc[1:]
    np.testing.assert_allclose(constant, change("DAX") * (1 + change("EURUSD")), rtol=0, atol=1e-14)


def test_a_hedge_of_one_currency_overrides_the_hedge_of_all(folder: Path) -> None:
    own = hedged(folder, 1.0, eur={"hedge": 0.25})
    assert own.prices.equals(load(settings(fx={"EUR": {**EUR, "hedge": 0.25}}), folder).prices)
    given = settings(fx={"EUR": EUR, "hedge": 1.0})
    assert DataSettings.model_validate(given.model_dump(mode="json")) == given


def test_an_asset_that_joins_and_leaves_is_hedged_while_it_has_prices(folder: Path) -> None:
    whole = hedged(folder, 1.0).returns["DAX"]
    LEVELS.assign(DAX=LEVELS["DAX"].iloc[5:30]).to_csv(folder / "p.csv")
    returns = hedged(folder, 1.0, ragged=True).returns["DAX"]
    assert returns.notna().to_numpy().nonzero()[0].tolist() == list(range(6, 30))
    np.testing.assert_allclose(returns[6:30], whole[6:30], rtol=0, atol=1e-14)


def test_a_leveraged_fund_follows_the_hedged_return(folder: Path) -> None:
    data = hedged(folder, 1.0, assets={"DAX": {"currency": "EUR"}, "twice": {"of": "DAX", "leverage": 2}})
    expected = 2 * data.returns["DAX"] - data.cash_returns
    np.testing.assert_allclose(data.returns["twice"].iloc[1:], expected.iloc[1:], rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("fx", "words"),
    [
        ({"hedge": 1.0}, "hedge: expected exchange rates too, such as EUR: {symbol: EURUSD=X, cash: 0.02}"),
        ({"EUR": "EURUSD", "hedge": 1.0}, "a hedge needs the cash rate of the currency, as a series or a number"),
        ({"EUR": EUR}, "the cash rate of a currency is only used to hedge it. Hint: hedge: 1.0"),
        ({"EUR": EUR, "hedge": 1.5}, "hedge: got 1.5, expected a number from 0 to 1"),
        ({"EUR": EUR, "hedge": "all"}, "hedge: got 'all', expected a number from 0 to 1"),
        ({"EUR": {**EUR, "hedge": -0.1}}, "greater than or equal to 0"),
        ({"EUR": {**EUR, "cash": 2.0}, "hedge": 1.0}, "a rate of 2 a year; expected a decimal such as 0.02 for 2 %"),
        ({"EUR": {**EUR, "cash": {"source": "fred"}}, "hedge": 1.0}, "expected the symbol too, such as {source: fred"),
        (
            {"EUR": {**EUR, "cash": {"symbol": "EUR_BILL", "currency": "USD"}}, "hedge": 1.0},
            "EUR.cash: in USD; expected the cash rate of EUR",
        ),
    ],
)
def test_settings_of_a_hedge_go_together(fx: Any, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(fx=fx)
    assert words in str(refused.value)


def test_a_cash_rate_whose_source_is_in_another_currency_is_refused(folder: Path) -> None:
    bill = {"source": "sample_daily", "symbol": "us_tbill"}
    with pytest.raises(DataError, match="in USD, according to its source; expected EUR, for the cash rate of EUR"):
        hedged(folder, 1.0, eur={"cash": bill})


def test_cash_that_is_a_hedged_asset_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"data\.fx: DAX is an asset to be hedged and a cash or loan rate"):
        hedged(folder, 1.0, cash="DAX")


def test_a_hedge_without_an_asset_has_a_note(folder: Path) -> None:
    cash = {"symbol": "EUR_BILL", "currency": "EUR"}
    data = hedged(folder, 1.0, assets={"SPY": {"currency": "USD"}}, cash=cash)
    assert "data.fx.EUR.hedge has no effect: no asset is in EUR" in data.notes


def test_a_hedged_position_can_lose_everything(folder: Path) -> None:
    """The asset falls by 60 % while its currency doubles: the forward costs more than is left."""
    frame = LEVELS.copy()
    frame.loc[DAYS[20] :, "DAX"] *= 0.4
    frame.loc[DAYS[20] :, "EURUSD"] *= 2.0
    frame.to_csv(folder / "p.csv")
    with pytest.raises(DataError, match=f"DAX: the hedged position loses everything on {DAYS[20]:%Y-%m-%d}"):
        hedged(folder, 1.0)
