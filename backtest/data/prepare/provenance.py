"""Provenance of the series of a run: their source, their range there, and the meaning of their values."""

import numpy as np
import pandas as pd

from backtest.data.preparation import Preparation
from backtest.data.prepare.leveraged_fund import LeveragedFund
from backtest.data.raw_series import RawSeries
from backtest.data.series_origin import Origin
from backtest.data.series_spec import SeriesSpec

_SPOT = "spot price, as given"
_MEANINGS = {
    "closes": "total return, dividends reinvested at the ex-date close",
    "levels": "total-return level, as given",
    "returns": "returns, as given",
    "bars": "closes, opens and shares traded, as quoted",
}
_NO_TOTAL_RETURN = ("price index", "spot price", "spot rate of exchange", "front contracts strung together")
_QUOTED = {"discount": "bank discount", "bond_equivalent": "bond-equivalent yield", "overnight": "overnight rate"}


def meaning_of(raw: RawSeries) -> str:
    """Return the meaning of the values of a series, in words."""
    if "model" in raw.facts:
        return raw.facts["model"]
    if raw.rate is None:
        words = (word for word in _NO_TOTAL_RETURN for note in raw.notes if note.startswith(word))
        lacking = next(words, None)
        return _MEANINGS[raw.kind] if lacking is None else f"{lacking}, as given"
    maturity = "" if raw.rate.quoted == "overnight" else f" of {raw.rate.days} days"
    return f"rate: {_QUOTED[raw.rate.quoted]}{maturity}"


def spot_assets(data: Preparation) -> frozenset[str]:
    """Return the assets that are spot prices, according to the settings or, if those are silent, to their source."""
    spot = {spec.name: raw.facts.get("spot") == "true" for spec, raw in data.raw.items()}
    spot.update(data.series.spot)
    spot.update({name: spot[fund.of] for name, fund in data.series.funds.items()})
    return frozenset(name for name in data.series.names if spot[name])


def origins_of(data: Preparation, prices: pd.DataFrame, spot: frozenset[str]) -> tuple[Origin, ...]:
    """Return the origin of every series of a run: aligned series, leveraged funds, consumer prices.

    Args:
        data: preparation with the raw series.
        prices: (T, n) prices of the assets on the dates of the run.
        spot: the assets that are spot prices.
    """
    series, run_currency = data.series, data.settings.currency
    held, meanings = set(series.assets), {name: _SPOT for name in spot if name not in series.funds}
    for code, spec in series.fx.items():
        if spec not in held:
            inverted = ", 1 / the values of the source" if "inverted" in data.raw[spec].facts else ""
            meanings[spec.name] = f"price of one {code} in {run_currency}{inverted}"
    origins = [_origin(spec, data.raw[spec], meanings.get(spec.name)) for spec in series.aligned]
    origins += [_origin_of_fund(name, fund, prices[name]) for name, fund in series.funds.items()]
    if series.consumer_prices is not None:
        raw = data.raw[series.consumer_prices]
        origins.append(_origin(series.consumer_prices, raw, "index of consumer prices, as published"))
    return tuple(origins)


def _origin(spec: SeriesSpec, raw: RawSeries, meaning: str | None) -> Origin:
    has_value = np.flatnonzero(~np.isnan(raw.values.to_numpy()[:, 0]))
    first, last = (f"{raw.values.index[row]:%Y-%m-%d}" for row in (has_value[0], has_value[-1]))
    return Origin(spec.name, spec.source, spec.symbol, first, last, has_value.size, meaning or meaning_of(raw))


def _origin_of_fund(name: str, fund: LeveragedFund, prices: pd.Series) -> Origin:
    """Return the origin of a synthetic fund: its terms and the series that it follows."""
    dates = pd.DatetimeIndex(prices.dropna().index)
    return Origin(name, "model", fund.of, f"{dates[0]:%Y-%m-%d}", f"{dates[-1]:%Y-%m-%d}", len(dates), fund.meaning)
