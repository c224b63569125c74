"""Forecasts of volatility against what came: was risk over- or underestimated?

A return is divided by the volatility that was forecast for it. If forecasts are right, such returns have a standard
deviation of 1: the bias statistic (Menchero, Wang and Orr 2011, "The Barra US Equity Model (USE4), Methodology Notes";
Connor, Goldberg and Korajczyk 2010, "Portfolio Risk Analysis"). Above 1 risk was underestimated.
"""

import numpy as np
import pandas as pd

from backtest.analysis.metrics.rolling_measures import rolling_volatility, window_of_a_year
from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

PORTFOLIO = "portfolio"


def bias_statistic(returns: Floats, forecasts: Floats) -> Floats:
    """Standard deviation (ddof 1) of returns over their forecast volatilities: 1 where forecasts are right.

    Args:
        returns: (T, k) excess returns, decimal per period.
        forecasts: (T, k) volatilities known before, decimal per period.

    Returns:
        (k,) NaN where fewer than two periods have both a return and a forecast above zero.

    Example:
        >>> returns, forecasts = np.array([0.02, -0.02, 0.04, -0.04]), np.array([0.01, 0.01, 0.02, 0.02])
        >>> bias_statistic(returns[:, None], forecasts[:, None]).round(4)
        array([2.3094])
    """
    ratios = _standardised(returns, forecasts)
    counts = np.isfinite(ratios).sum(axis=0)
    enough = np.where(counts > 1, counts, np.nan)
    deviations = ratios - np.nansum(ratios, axis=0) / enough
    return np.asarray(np.sqrt(np.nansum(deviations**2, axis=0) / (enough - 1)))


def qlike(returns: Floats, forecasts: Floats) -> Floats:
    """Average of ln σ² + r² / σ², the loss of a forecast σ: of two forecasts of the same returns the better has less.

    The ranking is right although a squared return is a noisy measure of variance (Patton 2011, "Volatility forecast
    comparison using imperfect volatility proxies"). Its level means nothing by itself.

    Args:
        returns: (T, k) excess returns, decimal per period.
        forecasts: (T, k) volatilities known before, decimal per period.

    Returns:
        (k,) NaN where no period has both a return and a forecast above zero.

    Example:
        >>> returns = np.array([[0.02], [-0.02]])
        >>> [round(float(qlike(returns, np.full((2, 1), sigma))[0]), 2) for sigma in (0.01, 0.02, 0.03)]
        [-5.21, -6.82, -6.57]
    """
    ratios = _standardised(returns, forecasts)
    there = np.isfinite(ratios)
    losses = np.where(there, 2 * np.log(np.where(there, forecasts, 1.0)) + ratios**2, 0.0)
    counts = there.sum(axis=0)
    return np.asarray(losses.sum(axis=0) / np.where(counts > 0, counts, np.nan))


def volatility_forecasts(result: RunRecord) -> pd.DataFrame:
    """The volatility forecast on each rebalance date that has a covariance: of the allowed targets, and of each asset.

    Returns:
        (m, n + 1) decimals per year, columns `portfolio` and the assets; NaN for an asset without a covariance.

    Example:
        >>> import backtest as bt
        >>> volatility_forecasts(bt.run("configs/erc.yaml")).iloc[-1].round(3).tolist()
        [0.046, 0.159, 0.072, 0.185, 0.272]
    """
    return pd.concat([result.forecast_volatility.rename(PORTFOLIO), result.asset_volatilities], axis=1)


def volatility_that_followed(result: RunRecord) -> pd.Series:
    """The volatility of NAV's excess returns over the 12 months after each date: what a forecast speaks for.

    Returns:
        (P - periods_per_year,) decimals per year by the date that the window begins after; empty as `result.rolling`.

    Example:
        >>> import backtest as bt
        >>> followed = volatility_that_followed(bt.run("configs/erc.yaml"))
        >>> f"{followed.index[-1]:%Y-%m-%d}", round(float(followed.iloc[-1]), 3)
        ('2011-12-31', 0.048)
    """
    window = window_of_a_year(result.returns, result.periods_per_year)
    realised = rolling_volatility(result.excess_returns, window, result.periods_per_year)
    return realised.set_axis(result.nav.index[: len(realised)]).rename("excess_volatility")


def standing_forecasts(result: RunRecord) -> pd.DataFrame:
    """The volatility forecast for each period: that of the last decision traded before the period began.

    The portfolio's is that of the allowed targets, while held weights drift; an asset's stands from the same trade on.

    Returns:
        (P - 1, n + 1) decimals per period, columns `portfolio` and the assets; NaN where the decision has no
        covariance, or the asset none.

    Example:
        >>> import backtest as bt
        >>> (standing_forecasts(bt.run("configs/erc.yaml")).iloc[-1] * 12**0.5).round(3).tolist()
        [0.053, 0.159, 0.078, 0.19, 0.271]
    """
    traded = result.trade_dates.dropna()
    trades = result.nav.index.searchsorted(pd.DatetimeIndex(traded))
    standing = np.searchsorted(trades, np.arange(len(result.nav) - 1), side="right") - 1
    decided = volatility_forecasts(result).reindex(traded.index).to_numpy()
    values = decided[standing] / np.sqrt(result.periods_per_year)
    return pd.DataFrame(values, index=result.nav.index[1:], columns=[PORTFOLIO, *result.assets])


def forecast_accuracy(result: RunRecord) -> pd.DataFrame:
    """Compare the forecasts of the portfolio and of each asset with the excess returns that followed them.

    Returns:
        (n + 1, 5) by `portfolio` and the assets: `periods` that have a forecast; `bias_statistic`; `low` and `high`,
        1 ∓ sqrt(2 / periods), between which it lies 95 % of the time if forecasts are right and returns normal (with
        fat tails it strays further); and `qlike`, per period. NaN where there is no forecast; the statistic and its
        band are NaN for a single period too.

    Example:
        >>> import backtest as bt
        >>> forecast_accuracy(bt.run("configs/erc.yaml")).loc["portfolio"].round(2).tolist()
        [287.0, 1.17, 0.92, 1.08, -6.7]
    """
    forecasts = standing_forecasts(result)
    cash = result.cash_returns.to_numpy()[1:, None]
    returns = np.column_stack([result.excess_returns.to_numpy(), result.asset_returns.to_numpy()[1:] - cash])
    there = np.isfinite(_standardised(returns, forecasts.to_numpy()))
    periods = there.sum(axis=0)
    width = np.sqrt(2 / np.where(periods > 1, periods, np.nan))
    return pd.DataFrame(
        {
            "periods": periods,
            "bias_statistic": bias_statistic(returns, forecasts.to_numpy()),
            "low": 1 - width,
            "high": 1 + width,
            "qlike": qlike(returns, forecasts.to_numpy()),
        },
        index=forecasts.columns,
    )


def _standardised(returns: Floats, forecasts: Floats) -> Floats:
    """Returns over forecasts, NaN where one of them is missing or the forecast is no risk."""
    ratios: Floats = np.divide(returns, forecasts, out=np.full_like(returns, np.nan), where=has_risk(forecasts))
    return ratios
