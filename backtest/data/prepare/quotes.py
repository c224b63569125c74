"""Quoted prices of assets, in which orders are made; returns need only the levels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from backtest.data.preparation import Preparation
from backtest.data.prepare.currencies import HUNDREDTHS
from backtest.errors import DataError


@dataclass(frozen=True, eq=False)
class Quote:
    """Quoted price of an asset.

    Definitions: docs/conventions/orders.md#prices

    Args:
        closes: closes by date, as quoted; NaN = no close.
        parts: 100 if they are quoted in hundredths of the currency, such as pence, else 1.
        rate: price of the asset's currency in the currency of the run, by date; None if they are the same.
        lot: lot of the settings; None if they have none.

    Example:
        >>> dates = pd.date_range("2024-01-30", periods=2)
        >>> Quote(pd.Series([7000.0, 7100.0], dates), 100, pd.Series([1.25, 1.3], dates)).price_on(dates[1])
        92.3
    """

    closes: pd.Series
    parts: int = 1
    rate: pd.Series | None = None
    lot: float | None = None

    def price_on(self, date: pd.Timestamp) -> float:
        """Return the last close up to a date, in the currency of the run; NaN if there is none."""
        price = _last(self.closes, date) / self.parts
        return price if self.rate is None else price * _last(self.rate, date)


def quotes_of(data: Preparation) -> Mapping[str, Quote]:
    """Return the quote of each asset that has one: its source has closes, or its settings have a `lot`.

    Raises:
        DataError: an asset with a `lot`, or its exchange rate, comes as returns, which have no price.
    """
    lots, rates = data.settings.lots, {spec.name: data.raw[spec] for spec in data.series.fx.values()}
    quotes = {}
    for spec in data.series.assets:
        raw, lot = data.raw[spec], lots.get(spec.name)
        rate = rates.get(data.conversions.get(spec.name, ""))
        without = next((each.label for each in (raw, rate) if each is not None and each.kind == "returns"), None)
        if lot is not None and without is not None:
            raise DataError(f"data.assets.{spec.name}.lot: {without} has returns; expected prices, or no lot")
        if without is None and (raw.kind == "closes" or lot is not None):
            parts = 100 if raw.facts.get("currency") in HUNDREDTHS else 1
            quotes[spec.name] = Quote(_first(raw.values), parts, None if rate is None else _first(rate.values), lot)
    return quotes


def _last(values: pd.Series, date: pd.Timestamp) -> float:
    known = values.loc[:date].dropna()
    return float(known.iloc[-1]) if len(known) else math.nan


def _first(values: pd.DataFrame) -> pd.Series:
    return values.iloc[:, 0]
