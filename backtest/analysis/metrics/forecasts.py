"""Accuracy of volatility forecasts: was risk over- or underestimated?

Each return is divided by the volatility that was forecast for it. If forecasts are right, the standard deviation of
these ratios is 1. It is called the bias statistic (Menchero, Wang and Orr 2011, "The Barra US Equity Model (USE4),
Methodology Notes"; Connor, Goldberg and Korajczyk 2010, "Portfolio Risk Analysis"). Above 1, risk was underestimated.
"""

import numpy as np
import pandas as pd

from backtest.analysis.metrics.rolling_measures import rolling_volatility, window_of_a_year
from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

PORTFOLIO = "portfolio"


def bias_statistic(returns: Floats, forecasts: Floats) -> Floats:
    """Return the standard deviation (ddof 1) of returns over their forecast volatilities: 1 if forecasts are right.

    Args:
        returns: (T, k) excess returns, decimal per period.
        forecasts: (T, k) volatilities known before the period, decimal per period.

    Returns:
        (k,) NaN if fewer than two periods have both a return and a forecast above zero.

    Example:
        >>> returns, forecasts = np.array([0.02, -0.02, 0.04, -0.04]), np.array([0.01, 0.01, 0.02, 0.02])
        >>> bias_statistic(returns[:, None], forecasts[:, None]).round(4)
        array([2.3094])
    """
    ratios = _standardise(returns, forecasts)
    counts = np.isfinite(ratios).sum(axis=0)
    enough = np.where(counts > 1, counts, np.nan)
    deviations = ratios - np.nansum(ratios, axis=0) / enough
    return np.asarray(np.sqrt(np.nansum(deviations**2, axis=0) / (enough - 1)))


def qlike(returns: Floats, forecasts: Floats) -> Floats:
    """Return the average of the loss ln σ² + r² / σ²: of two forecasts of the same returns, the better has the lower.

    The ranking is right although a squared return is a noisy measure of variance (Patton 2011, "Volatility forecast
    comparison using imperfect volatility proxies"). The level alone has no meaning.

    Args:
        returns: (T, k) excess returns, decimal per period.
        forecasts: (T, k) volatilities known before the period, decimal per period.

    Returns:
        (k,) NaN if no period has both a return and a forecast above zero.

    Example:
        >>> returns = np.array([[0.02], [-0.02]])
        >>> [round(float(qlike(returns, np.full((2, 1), sigma))[0]), 2) for sigma in (0.01, 0.02, 0.03)]
        [-5.21, -6.82, -6.57]
    """
    ratios = _standardise(returns, forecasts)
    known = np.isfinite(ratios)
    losses = 2 * np.log(forecasts, out=np.zeros_like(forecasts), where=known) + np.where(known, ratios, 0.0) ** 2
    counts = known.sum(axis=0)
    return np.asarray(losses.sum(axis=0) / np.where(counts > 0, counts, np.nan))


def volatility_forecasts(result: RunRecord) -> pd.DataFrame:
    """Return the forecast volatility of the allowed targets and of each asset, by rebalance date with a covariance.

    Returns:
        (m', n + 1) decimals per year, columns `portfolio` and the assets; NaN for an asset without a covariance.

    Example:
        >>> import backtest as bt
        >>> volatility_forecasts(bt.run("configs/erc.yaml")).iloc[-1].round(3).tolist()
        [0.046, 0.159, 0.072, 0.185, 0.272]
    """
    return pd.concat([result.forecast_volatility.rename(PORTFOLIO), result.asset_volatilities], axis=1)


def subsequent_volatility(result: RunRecord) -> pd.Series:
    """Return the volatility of NAV's excess returns over the 12 months after each date, to compare with a forecast.

    Returns:
        (P - periods_per_year,) decimals per year by the last date before the window; empty if `rolling_measures` is.

    Example:
        >>> import backtest as bt
        >>> realised = subsequent_volatility(bt.run("configs/erc.yaml"))
        >>> f"{realised.index[-1]:%Y-%m-%d}", round(float(realised.iloc[-1]), 3)
        ('2011-12-31', 0.048)
    """
    window = window_of_a_year(result.returns, result.periods_per_year)
    realised = rolling_volatility(result.excess_returns, window, result.periods_per_year)
    return realised.set_axis(result.nav.index[: len(realised)]).rename("excess_volatility")


def forecasts_in_force(result: RunRecord) -> pd.DataFrame:
    """Return the volatility forecast for each period, made by the last decision that was traded before it.

    The forecast for the portfolio is for the allowed targets, although weights drift after the trade. Forecasts for
    assets change on the same dates.

    Returns:
        (P - 1, n + 1) decimals per period, columns `portfolio` and the assets; NaN if the decision, or the asset, has
        no covariance.

    Example:
        >>> import backtest as bt
        >>> (forecasts_in_force(bt.run("configs/erc.yaml")).iloc[-1] * 12**0.5).round(3).tolist()
        [0.053, 0.159, 0.078, 0.19, 0.271]
    """
    traded = result.trade_dates.dropna()
    trades = result.nav.index.searchsorted(pd.DatetimeIndex(traded))
    latest = np.searchsorted(trades, np.arange(len(result.nav) - 1), side="right") - 1
    forecasts = volatility_forecasts(result).reindex(traded.index).to_numpy()
    values = forecasts[latest] / np.sqrt(result.periods_per_year)
    return pd.DataFrame(values, index=result.nav.index[1:], columns=[PORTFOLIO, *result.assets])


def forecast_accuracy(result: RunRecord) -> pd.DataFrame:
    """Compare the forecasts of the portfolio and of each asset with the excess returns that followed them.

    Returns:
        (n + 1, 5) by `portfolio` and the assets: `periods` that have a forecast; `bias_statistic`; its 95 % band from
        `low` to `high`, 1 ∓ sqrt(2 / periods), if forecasts are right and returns are normal (fat tails widen it); and
        `qlike`, per period. NaN without a forecast; the statistic and its band are also NaN for a single period.

    Example:
        >>> import backtest as bt
        >>> forecast_accuracy(bt.run("configs/erc.yaml")).loc["portfolio"].round(2).tolist()
        [287.0, 1.17, 0.92, 1.08, -6.7]
    """
    forecasts = forecasts_in_force(result)
    cash = result.cash_returns.to_numpy()[1:, None]
    returns = np.column_stack([result.excess_returns.to_numpy(), result.asset_returns.to_numpy()[1:] - cash])
    periods = np.isfinite(_standardise(returns, forecasts.to_numpy())).sum(axis=0)
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


def _standardise(returns: Floats, forecasts: Floats) -> Floats:
    """Divide returns by their forecasts; NaN where either is missing or the forecast is zero."""
    ratios: Floats = np.divide(returns, forecasts, out=np.full_like(returns, np.nan), where=has_risk(forecasts))
    return ratios
