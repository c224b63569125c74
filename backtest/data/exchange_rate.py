"""Settings of the exchange rates of a run, and of the hedge of assets in other currencies."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictFloat, ValidationInfo, field_validator

from backtest.data.prepare.currencies import Currency
from backtest.data.series_settings import SeriesSettings
from backtest.data.series_spec import Name

_OF_ALL = "Hedged part of the value of assets in other currencies, from 0 to 1, for currencies without their own."


class ExchangeRate(SeriesSettings):
    """Price of a currency in the currency of the run, and the hedge of the assets in it.

    Definitions: docs/conventions/data.md#hedged-currencies

    Args:
        currency: currency of the values: the run's, or the currency itself for values such as yen per dollar, which are
            inverted. Default: the currency that the source states, else the run's.
        cash: cash rate of the currency, which a hedge needs: a series of the source, a series with its own settings
            (`{source: fred, symbol: ECBESTRVOLWGTTRMDMNRT}`), or a rate per year.
        hedge: hedged part of the value of assets in the currency, from 0 to 1.
    """

    cash: Name | StrictFloat | SeriesSettings | None = None
    hedge: Annotated[float, Field(ge=0, le=1, strict=True)] | None = Field(default=None, validate_default=True)

    @field_validator("cash")
    @classmethod
    def _cash_is_possible(cls, cash: Any) -> Any:
        if isinstance(cash, float) and not -0.5 < cash < 1:
            raise ValueError(f"a rate of {cash:g} a year; expected a decimal such as 0.02 for 2 %")
        if isinstance(cash, SeriesSettings) and cash.symbol is None:
            raise ValueError("expected the symbol too, such as {source: fred, symbol: ECBESTRVOLWGTTRMDMNRT}")
        return cash

    @field_validator("hedge")
    @classmethod
    def _hedge_has_two_rates(cls, hedge: float | None, info: ValidationInfo) -> float | None:
        if hedge is not None and info.data.get("cash", "was refused") is None:
            raise ValueError("a hedge needs the cash rate of the currency, as a series or a number: cash: 0.02")
        if hedge is None and info.data.get("cash") is not None:
            raise ValueError("the cash rate of a currency is only used to hedge it. Hint: hedge: 1.0")
        return hedge


def with_hedge(fx: Any) -> Any:
    """Return exchange rates with a `hedge` for all of them moved into the settings of each one that has none.

    >>> with_hedge({"EUR": {"symbol": "EURUSD", "cash": 0.02}, "hedge": 1.0})
    {'EUR': {'hedge': 1.0, 'symbol': 'EURUSD', 'cash': 0.02}}
    """
    if not isinstance(fx, Mapping) or "hedge" not in fx:
        return fx
    rates = {code: {"symbol": own} if isinstance(own, str) else own for code, own in fx.items() if code != "hedge"}
    hedge = fx["hedge"]
    if isinstance(hedge, bool) or not isinstance(hedge, int | float) or not 0 <= hedge <= 1:
        raise ValueError(f"hedge: got {hedge!r}, expected a number from 0 to 1")
    if not rates:
        raise ValueError("hedge: expected exchange rates too, such as EUR: {symbol: EURUSD=X, cash: 0.02}")
    return {code: {"hedge": hedge, **own} if isinstance(own, Mapping) else own for code, own in rates.items()}


ExchangeRates = Annotated[
    dict[Currency, Name | ExchangeRate],
    BeforeValidator(with_hedge),
    Field(
        json_schema_extra={
            "properties": {"hedge": {"type": "number", "minimum": 0, "maximum": 1, "description": _OF_ALL}}
        }
    ),
]
"""Exchange rates by currency, and a hedge of all of them."""


def check_exchange_rates(fx: Mapping[str, Any], run_currency: str | None) -> None:
    """Raise `ValueError` unless the settings give the price of other currencies in the currency of the run."""
    for code, given in fx.items():
        if code == run_currency:
            raise ValueError(f"{code}: the currency of the run itself; expected other currencies")
        if not isinstance(given, ExchangeRate):
            continue
        if given.currency not in (None, code, run_currency or given.currency):
            raise ValueError(
                f"{code}: in {given.currency}; expected its price in {run_currency}, or {run_currency} in {code}"
            )
        if given.symbol is None:
            raise ValueError(f"{code}: expected the symbol too, such as {{source: yfinance, symbol: EURUSD=X}}")
        if isinstance(given.cash, SeriesSettings) and given.cash.currency not in (None, code):
            raise ValueError(f"{code}.cash: in {given.cash.currency}; expected the cash rate of {code}")
