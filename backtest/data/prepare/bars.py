"""Open prices on the total-return scale, and the value traded."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtest.data.dates.months_and_years import to_month_ends
from backtest.data.dates.spacing import spacing_of
from backtest.data.preparation import Preparation
from backtest.data.prepare.currencies import HUNDREDTHS
from backtest.data.quality.limits import LARGEST
from backtest.data.raw_series import RawSeries
from backtest.errors import DataError

MOST_MISSING = 2.5  # times the run's usual step: half of the values may be missing, and quarters are not months


def opens_and_volumes(
    data: Preparation, prices: pd.DataFrame
) -> tuple[pd.DataFrame | None, pd.DataFrame | None, tuple[str, ...]]:
    """Return the opens and volumes that the settings ask for, (T, n) each, and notes on missing values.

    Args:
        data: preparation with the raw opens, volumes and exchange rates.
        prices: (T, n) levels of the assets on the dates of the run.

    Raises:
        DataError: values cannot be used, or do not have the frequency of the run.
    """
    series, raw, dates = data.series, data.raw, pd.DatetimeIndex(prices.index)
    assets = {spec.name: spec for spec in series.assets}
    opens, volumes, notes = None, None, list[str]()
    if series.opens:
        ratios = {name: open_ratio(raw[spec], raw[assets[name]]) for name, spec in series.opens.items()}
        opens = on_dates(ratios, dates, "opens") * prices
        notes += _lacking(opens, prices, "open")
    if series.volumes:
        traded = {name: value_traded(raw[spec]) for name, spec in series.volumes.items()}
        volumes = on_dates(traded, dates, "volumes")
        for name in series.names:
            if (currency := data.currencies[name]) != data.settings.currency:
                volumes[name] *= exchange_rate(raw[series.fx[currency]], dates)
        notes += _lacking(volumes, prices, "volume")
    return opens, volumes, tuple(notes)


def open_ratio(opens: RawSeries, prices: RawSeries) -> pd.Series:
    """Return opens as fractions of the price at the close of the same date; NaN where one of the two is missing.

    Args:
        opens: bars of the asset, whose own closes are used; or levels on the scale of its prices, each above 0. An open
            of 0 in a bar is a missing value, as at Yahoo.
        prices: raw series of the asset.

    Raises:
        DataError: the opens come from a file, but only returns of the asset are known.
    """
    if opens.kind == "bars":
        close, opened = opens.values["close"], opens.values["open"]
        return opened.where(opened > 0) / close
    if prices.kind == "returns":
        raise DataError(
            f"{opens.label}: opens of an asset with returns ({prices.label}); expected prices, on the same scale"
        )
    close = prices.values.iloc[:, 0]
    return opens.values.iloc[:, 0].reindex(close.index) / close


def value_traded(volumes: RawSeries) -> pd.Series:
    """Return the value traded by date in the currency of the asset; for bars, the shares valued at the close.

    Raises:
        DataError: a file has a value below 0, or an endless one.
    """
    if volumes.kind == "bars":
        units = 0.01 if volumes.facts.get("currency") in HUNDREDTHS else 1.0
        return volumes.values["volume"] * volumes.values["close"] * units
    value = volumes.values.iloc[:, 0]
    wrong = np.flatnonzero((value < 0) | (value > LARGEST))
    if wrong.size:
        row = int(wrong[0])
        place = volumes.places[row] if volumes.places else volumes.label
        raise DataError(
            f"{place}: a traded value of {value.iloc[row]:g} on {value.index[row]:%Y-%m-%d}; expected a "
            "finite value of 0 or more. Hint: give the value traded in currency, not its change."
        )
    return value


def on_dates(columns: Mapping[str, pd.Series], dates: pd.DatetimeIndex, setting: str) -> pd.DataFrame:
    """Return (T, n) values on the dates of a run, months dated at their end; missing values are NaN, not carried.

    Args:
        columns: values by asset.
        dates: (T,) dates of the run.
        setting: `opens` or `volumes`, for messages.

    Raises:
        DataError: the values do not have the frequency of the run.
    """
    expected = spacing_of(dates)
    placed = {}
    for name, values in columns.items():
        given = values.dropna()
        own = pd.DatetimeIndex(given.index)
        spacing = spacing_of(own) if len(own) > 1 else expected
        with_gaps = 0.5 < spacing.usual / expected.usual <= MOST_MISSING
        if not (spacing.same_frequency(expected) or with_gaps):
            raise DataError(
                f"data.{setting}: {name} has {spacing.rounded} dates a year, but the run has {expected.rounded}; "
                f"expected the same. Hint: remove data.frequency, where it is set, or data.{setting}."
            )
        monthly = expected.periods_per_year == 12
        placed[name] = (given.set_axis(to_month_ends(own, name), axis=0) if monthly else given).reindex(dates)
    return pd.DataFrame(placed, index=dates)


def exchange_rate(raw: RawSeries, dates: pd.DatetimeIndex) -> pd.Series:
    """Return the latest exchange rate on each date.

    Raises:
        DataError: the series holds returns, which do not determine the level of the rate.
    """
    if raw.kind == "returns":
        raise DataError(f"{raw.label}: returns; expected the level of the exchange rate, to convert volumes by it")
    return raw.values.iloc[:, 0].dropna().reindex(dates, method="ffill")


def _lacking(values: pd.DataFrame, prices: pd.DataFrame, noun: str) -> list[str]:
    """Return a note for each asset without a value on dates on which it has a price."""
    missing = (values.isna() & prices.notna()).sum()
    return [f"{name}: no {noun} on {count:,} of {len(prices):,} dates" for name, count in missing.items() if count]
