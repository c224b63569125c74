"""Metrics against a benchmark, rolling measures and statistics of a run that peers compute too."""

from functools import partial
from typing import Any

import numpy as np

from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.metrics.performance import beta_alpha
from backtest.analysis.metrics.rolling_measures import rolling_correlation, rolling_sharpe, rolling_volatility
from backtest.analysis.metrics.smoothing import MOST_LAGS, autocorrelation
from backtest.analysis.uncertainty.bootstrap import block_length
from backtest.analysis.uncertainty.sharpe_difference import holm
from backtest.analysis.uncertainty.volatility_kernel import filter_shocks
from backtest.numerics.arrays import Floats
from support.peers.comparison import Comparison
from support.peers.metric_comparisons import of_metric
from support.peers.peer_inputs import PeerInput

PER_PERIOD = "per period; here per year"
COMPOUNDED = "compounded over a year; here times the periods per year"
NO_CASH = "the risk-free rate has no effect on beta; here both returns are above cash"
WINDOW = 24  # periods
MONTHS = ("three_months", "eight_months", "real_months")  # series of days would make large files


def information_ratio_per_period(sample: PeerInput) -> float:
    """Return the information ratio without annualisation."""
    return sample.metrics["information_ratio"] / float(np.sqrt(sample.per_year))


def compounded(alpha: float, sample: PeerInput) -> float:
    """Return an alpha per period, compounded over a year."""
    return float((1 + alpha) ** sample.per_year - 1)


def compounded_alpha(sample: PeerInput) -> float:
    """Return alpha compounded over a year."""
    return compounded(sample.metrics["alpha"] / sample.per_year, sample)


_GARCH = np.array([0.11, 0.93, 1.3])  # α, φ, v; the first variance is v


def garch_by_arch(function: Any, sample: PeerInput) -> Floats:
    """Return the variances of the returns in units of their own, with a backcast that gives the first variance."""
    alpha, phi, v = _GARCH
    values = _standardised(sample)
    parameters, bounds = np.array([(1 - phi) * v, alpha, phi - alpha]), np.tile([1e-12, 1e12], (len(values), 1))
    found: Floats = function().compute_variance(parameters, values, np.empty(len(values)), v, bounds)
    return found


def garch_variances(sample: PeerInput) -> Floats:
    """Return the same variances by the filter."""
    values = _standardised(sample)
    variances, shocks = np.empty(len(values)), np.empty(len(values))
    filter_shocks(values, _GARCH, float(_GARCH[2]), variances, shocks)
    return variances * float(_GARCH[2])


def _standardised(sample: PeerInput) -> Floats:
    returns = sample.returns.to_numpy()
    standardised: Floats = (returns - returns.mean()) / returns.std()
    return standardised


def beta_of_plain_returns(sample: PeerInput) -> float:
    """Return the slope of returns on the benchmark's returns."""
    return beta_alpha(sample.returns.to_numpy(), sample.benchmark.to_numpy(), sample.per_year)[0]


def alpha_by_plain_beta(sample: PeerInput) -> float:
    """Return alpha above cash by the slope of returns that are not, compounded over a year."""
    excess = sample.excess.mean() - beta_of_plain_returns(sample) * (sample.benchmark - sample.cash).mean()
    return compounded(excess, sample)


def autocorrelations(sample: PeerInput) -> list[float]:
    """Return the autocorrelations of all lags that the adjusted volatility uses."""
    return [autocorrelation(sample.returns.to_numpy(), lag) for lag in range(1, MOST_LAGS + 1)]


def p_values(sample: PeerInput) -> Floats:
    """Return some p-values: the distances of returns from zero, scaled to at most 0.1."""
    sizes = np.abs(sample.returns.to_numpy()[:12])
    return np.asarray(0.1 * sizes / sizes.max(), np.float64)


_beta = partial(Comparison, "beta", "`beta`", translated=partial(of_metric, "beta"))
_alpha = partial(Comparison, "alpha", "`alpha`")
_information = partial(Comparison, "information ratio", "`information_ratio`", translated=information_ratio_per_period,
                       convention=PER_PERIOD)  # fmt: skip
_roll = partial(Comparison, ours="`rolling_measures`", inputs=MONTHS)
_falls = partial(Comparison, "drawdowns by date", "`drawdown`", inputs=MONTHS,
                 translated=lambda s: drawdown(s.result.nav.to_numpy()))  # fmt: skip

AGAINST_A_BENCHMARK = (
    _beta("empyrical-reloaded", "empyrical.beta_aligned",
          lambda f, s: f(s.returns.to_numpy(), s.benchmark.to_numpy(), risk_free=s.cash.to_numpy()),
          translated=beta_of_plain_returns, convention=NO_CASH),
    _beta("quantstats", "quantstats.stats.greeks",
          lambda f, s: f(s.excess, s.benchmark - s.cash, periods=s.per_year)["beta"]),
    _beta("statsmodels", "statsmodels.regression.linear_model.OLS",
          lambda f, s: f(s.excess.to_numpy(), np.column_stack([s.benchmark - s.cash, s.cash * 0 + 1])).fit().params[0]),
    _beta("vectorbt", "vectorbt.returns.nb.beta_1d_nb",
          lambda f, s: f(s.excess.to_numpy(), (s.benchmark - s.cash).to_numpy())),
    _alpha("empyrical-reloaded", "empyrical.alpha_aligned",
           lambda f, s: f(s.returns.to_numpy(), s.benchmark.to_numpy(), risk_free=s.cash.to_numpy(),
                          annualization=s.per_year),
           alpha_by_plain_beta, f"{COMPOUNDED}; {NO_CASH}"),
    _alpha("quantstats", "quantstats.stats.greeks",
           lambda f, s: f(s.excess, s.benchmark - s.cash, periods=s.per_year)["alpha"], partial(of_metric, "alpha")),
    _alpha("vectorbt", "vectorbt.returns.nb.alpha_1d_nb",
           lambda f, s: f(s.excess.to_numpy(), (s.benchmark - s.cash).to_numpy(), s.per_year),
           compounded_alpha, COMPOUNDED),
    _information("empyrical-reloaded", "empyrical.excess_sharpe", lambda f, s: f(s.returns, s.benchmark)),
    _information("ffn", "ffn.calc_information_ratio", lambda f, s: f(s.returns, s.benchmark)),
    _information("quantstats", "quantstats.stats.information_ratio", lambda f, s: f(s.returns, s.benchmark)),
    _information("vectorbt", "vectorbt.returns.nb.information_ratio_1d_nb",
                 lambda f, s: f(s.returns.to_numpy(), s.benchmark.to_numpy())),
    Comparison("tracking error", "`tracking_error`", "empyrical-reloaded", "empyrical.annual_volatility",
               lambda f, s: f(s.active, annualization=s.per_year), partial(of_metric, "tracking_error")),
    Comparison("up capture", "`up_capture`", "empyrical-reloaded", "empyrical.up_capture",
               lambda f, s: f(s.returns, s.benchmark, period="yearly"), partial(of_metric, "up_capture"),
               "annualised; per period with `period='yearly'`"),
    Comparison("down capture", "`down_capture`", "empyrical-reloaded", "empyrical.down_capture",
               lambda f, s: f(s.returns, s.benchmark, period="yearly"), partial(of_metric, "down_capture"),
               "annualised; per period with `period='yearly'`"),
    Comparison("correlation with the benchmark", "`correlation`", "pandas", "pandas.Series.corr",
               lambda f, s: f(s.returns, s.benchmark), partial(of_metric, "correlation")),
)  # fmt: skip
"""Of a run and its benchmark."""

STATISTICS = (
    _falls("ffn", "ffn.to_drawdown_series", lambda f, s: f(s.result.nav)),
    _falls("quantstats", "quantstats.stats.to_drawdown_series", lambda f, s: np.append(0.0, f(s.returns))),
    _roll("rolling volatility", peer="empyrical-reloaded", function="empyrical.roll_annual_volatility",
          theirs=lambda f, s: f(s.returns, WINDOW, annualization=s.per_year),
          translated=lambda s: rolling_volatility(s.returns, WINDOW, s.per_year)),
    _roll("rolling Sharpe ratio", peer="empyrical-reloaded", function="empyrical.roll_sharpe_ratio",
          theirs=lambda f, s: f(s.excess, WINDOW, annualization=s.per_year),
          translated=lambda s: rolling_sharpe(s.excess, WINDOW, s.per_year)),
    _roll("rolling correlation", peer="pandas", function="pandas.Series.rolling",
          theirs=lambda f, s: f(s.returns, WINDOW).corr(s.benchmark).dropna(),
          translated=lambda s: rolling_correlation(s.returns, s.benchmark, WINDOW),
          tolerance=1e-10, reason="pandas updates running sums, whose rounding adds up"),
    Comparison("autocorrelation", "`autocorrelation`", "statsmodels", "statsmodels.tsa.stattools.acf",
               lambda f, s: f(s.returns, nlags=MOST_LAGS, fft=False)[1:], autocorrelations),
    Comparison("block length of the bootstrap", "`block_length`", "arch", "arch.bootstrap.optimal_block_length",
               lambda f, s: max(f(s.returns.to_numpy())["stationary"].iloc[0], 1.0),
               lambda s: block_length(s.returns.to_numpy()),
               "may be below 1; looks for small autocorrelations with the deviations of their own rows",
               tolerance=1e-9, reason="the cube root of a sum that nearly cancels"),
    Comparison("variances of GARCH(1,1)", "`confidence`", "arch", "arch.univariate.GARCH",
               garch_by_arch, garch_variances, "begins with a backcast; here with a given variance",
               inputs=("real_months",)),
    Comparison("Holm's correction", "`holm`", "statsmodels", "statsmodels.stats.multitest.multipletests",
               lambda f, s: f(p_values(s), method="holm")[1], lambda s: holm(p_values(s))),
)  # fmt: skip
"""Rolling measures and statistics."""
