"""Square-root market impact: its rate by date and asset, and the first date with full windows."""

import numpy as np
import pandas as pd

from backtest.data.market_data import MarketData
from backtest.engine.settings.costs import Impact
from backtest.errors import ConfigError, DataError
from backtest.numerics.arrays import Bools, Floats, Ints


def impact_begun(impact: Impact, data: MarketData) -> Bools:
    """Return whether each asset has had full windows of returns and traded values by each date.

    Args:
        impact: settings of `costs.impact`.
        data: market data.

    Returns:
        (T, n) True from the first date with `window` returns up to it and `window` known traded values on the last 2 ×
        `window` dates.
    """
    return np.asarray(np.maximum.accumulate(_full(impact, data), axis=0))


def impact_rates(impact: Impact, data: MarketData, capital: float) -> Floats:
    """Return the impact of a trade z at a NAV of 1, divided by |z|^1.5: Y σ sqrt(first NAV / traded value per period).

    Args:
        impact: settings of `costs.impact`.
        data: market data.
        capital: the first NAV, in the currency of traded values.

    Returns:
        (T, n) rates from the windows that end on each date. An asset without a price keeps its last rate. Before its
        windows are full an asset cannot be held, and its rate is 0.

    Raises:
        DataError: traded values are missing after an asset's windows were full, or nothing was traded.
    """
    full, priced, window = _full(impact, data), data.prices.notna().to_numpy(), impact.window
    sigma = data.returns.rolling(window).std().to_numpy()
    traded = _volumes(data).apply(lambda values: _mean_of_known(values, window)).to_numpy()
    gap = priced & ~full & np.maximum.accumulate(full, axis=0)
    _check(gap, data, f"fewer than {window} known values on the last {2 * window} dates")
    _check(priced & full & ~(traded > 0), data, f"no trades in the last {window} known values")
    shares = np.divide(capital, traded, out=np.full(full.shape, np.nan), where=priced & full)
    rates: Floats = pd.DataFrame(impact.coefficient * sigma * np.sqrt(shares)).ffill().fillna(0.0).to_numpy()
    return rates


def _mean_of_known(values: pd.Series, window: int) -> pd.Series:
    """Return the (T,) mean of the last `window` known values up to each date."""
    return values.dropna().rolling(window).mean().reindex(values.index).ffill()


def _full(impact: Impact, data: MarketData) -> Bools:
    """Return whether the windows up to a date are full, (T, n)."""
    returns, values = data.returns.notna().to_numpy(), _volumes(data).notna().to_numpy()
    return np.asarray(
        (_count(returns, impact.window) == impact.window) & (_count(values, 2 * impact.window) >= impact.window)
    )


def _count(flags: Bools, window: int) -> Ints:
    """Return the (T, n) number of True values among the last `window` rows."""
    counts = np.cumsum(flags, axis=0, dtype=np.int64)
    counts[window:] -= counts[:-window].copy()
    return counts


def _volumes(data: MarketData) -> pd.DataFrame:
    if data.volumes is None:
        raise ConfigError("costs.impact needs data.volumes; expected the traded value of each asset")
    return data.volumes


def _check(wrong: Bools, data: MarketData, what: str) -> None:
    for row, i in np.argwhere(wrong)[:1]:
        raise DataError(
            f"costs.impact: {data.assets[i]} has {what} up to {data.dates[row]:%Y-%m-%d}; "
            "expected traded values in data.volumes. "
            "Hint: set a later data.start or a longer costs.impact.window, or remove costs.impact."
        )
