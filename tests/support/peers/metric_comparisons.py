"""Metrics of a run that peers compute too."""

from functools import partial

import numpy as np

from backtest.analysis.metrics import performance
from support.peers.comparison import Comparison
from support.peers.peer_inputs import PeerInput

ROWS = "a year is a number of returns; here 365.25 days"
CALENDAR = "the same (365.25 days)"
RETURN = "a return below zero; here it is a loss above zero"


def cagr_of_rows(sample: PeerInput) -> float:
    """Return the growth rate per `periods_per_year` returns, in place of calendar days."""
    growth = sample.result.nav.iloc[-1] / sample.result.nav.iloc[0]
    return performance.cagr(growth, len(sample.returns) / sample.per_year)


def bias_corrected_skew(sample: PeerInput) -> float:
    """Return G1 = g1 sqrt(P (P - 1)) / (P - 2)."""
    count = len(sample.returns)
    return float(sample.metrics["skew"] * np.sqrt(count * (count - 1)) / (count - 2))


def bias_corrected_kurtosis(sample: PeerInput) -> float:
    """Return G2 = ((P + 1) g2 + 6) (P - 1) / ((P - 2) (P - 3))."""
    count = len(sample.returns)
    return ((count + 1) * sample.metrics["excess_kurtosis"] + 6) * (count - 1) / ((count - 2) * (count - 3))


def of_metric(key: str, sample: PeerInput) -> float:
    """Return a metric as it is in `summary.json`."""
    return sample.metrics[key]


def loss_of_metric(key: str, sample: PeerInput) -> float:
    """Return a metric with the opposite sign."""
    return -sample.metrics[key]


_cagr = partial(Comparison, "CAGR", "`cagr`")
_volatility = partial(Comparison, "volatility", "`volatility`", translated=partial(of_metric, "volatility"))
_sharpe = partial(Comparison, "Sharpe ratio", "`sharpe`", translated=partial(of_metric, "sharpe"))
_sortino = partial(Comparison, "Sortino ratio", "`sortino`", translated=partial(of_metric, "sortino"))
_fall = partial(Comparison, "maximum drawdown", "`max_drawdown`", translated=partial(of_metric, "max_drawdown"))
_calmar = partial(Comparison, "Calmar ratio", "`calmar`")
_var = partial(Comparison, "value at risk", "`var_95`", convention=RETURN, translated=partial(loss_of_metric, "var_95"))
_cvar = partial(Comparison, "CVaR", "`cvar_95`", convention=RETURN, translated=partial(loss_of_metric, "cvar_95"))
_skew = partial(Comparison, "skew", "`skew`")
_kurtosis = partial(Comparison, "excess kurtosis", "`excess_kurtosis`", tolerance=1e-11,
                    reason="the kurtosis is a small difference of larger numbers")  # fmt: skip


def calmar_of_rows(sample: PeerInput) -> float:
    """Return the growth rate per `periods_per_year` returns over the size of the maximum drawdown."""
    return cagr_of_rows(sample) / -sample.metrics["max_drawdown"]


def sortino_with_lost_degree(sample: PeerInput) -> float:
    """Return the Sortino ratio with the divisor P - 1 in the downside deviation."""
    count = len(sample.returns)
    return sample.metrics["sortino"] * float(np.sqrt((count - 1) / count))


METRICS = (
    _cagr("empyrical-reloaded", "empyrical.annual_return",
          lambda f, s: f(s.returns, annualization=s.per_year), cagr_of_rows, ROWS),
    _cagr("ffn", "ffn.calc_cagr", lambda f, s: f(s.result.nav), partial(of_metric, "cagr"), CALENDAR),
    _cagr("quantstats", "quantstats.stats.cagr",
          lambda f, s: f(s.returns, periods=s.per_year), cagr_of_rows, ROWS),
    _cagr("vectorbt", "vectorbt.returns.nb.annualized_return_1d_nb",
          lambda f, s: f(s.returns.to_numpy(), s.per_year), cagr_of_rows, ROWS),
    _volatility("empyrical-reloaded", "empyrical.annual_volatility",
                lambda f, s: f(s.returns, annualization=s.per_year)),
    _volatility("quantstats", "quantstats.stats.volatility", lambda f, s: f(s.returns, periods=s.per_year)),
    _volatility("skfolio", "skfolio.measures.standard_deviation",
                lambda f, s: np.sqrt(s.per_year) * f(s.returns.to_numpy()), convention="per period; here per year"),
    _volatility("vectorbt", "vectorbt.returns.nb.annualized_volatility_1d_nb",
                lambda f, s: f(s.returns.to_numpy(), s.per_year)),
    _sharpe("empyrical-reloaded", "empyrical.sharpe_ratio",
            lambda f, s: f(s.returns, risk_free=s.cash, annualization=s.per_year)),
    _sharpe("ffn", "ffn.calc_sharpe", lambda f, s: f(s.returns, rf=s.cash, nperiods=s.per_year)),
    _sharpe("quantstats", "quantstats.stats.sharpe", lambda f, s: f(s.excess, periods=s.per_year)),
    _sharpe("vectorbt", "vectorbt.returns.nb.sharpe_ratio_1d_nb",
            lambda f, s: f(s.excess.to_numpy(), s.per_year)),
    _sortino("empyrical-reloaded", "empyrical.sortino_ratio",
             lambda f, s: f(s.returns, required_return=s.cash, annualization=s.per_year)),
    _sortino("quantstats", "quantstats.stats.sortino", lambda f, s: f(s.excess, periods=s.per_year)),
    _sortino("ffn", "ffn.calc_sortino_ratio", lambda f, s: f(s.returns, rf=s.cash, nperiods=s.per_year)),
    _sortino("skfolio", "skfolio.measures.semi_deviation",
             lambda f, s: np.sqrt(s.per_year) * s.excess.mean() / f(s.excess.to_numpy(), min_acceptable_return=0.0),
             translated=sortino_with_lost_degree, convention="the downside deviation has the divisor P - 1, here P"),
    _sortino("vectorbt", "vectorbt.returns.nb.sortino_ratio_1d_nb",
             lambda f, s: f(s.excess.to_numpy(), s.per_year)),
    _fall("empyrical-reloaded", "empyrical.max_drawdown", lambda f, s: f(s.returns)),
    _fall("ffn", "ffn.calc_max_drawdown", lambda f, s: f(s.result.nav)),
    _fall("quantstats", "quantstats.stats.max_drawdown", lambda f, s: f(s.returns)),
    _fall("riskfolio-lib", "riskfolio.MDD_Rel", lambda f, s: f(s.returns.to_numpy()),
          translated=partial(loss_of_metric, "max_drawdown"), convention="a loss above zero; here it is below zero"),
    _fall("vectorbt", "vectorbt.returns.nb.max_drawdown_1d_nb", lambda f, s: f(s.returns.to_numpy())),
    _calmar("empyrical-reloaded", "empyrical.calmar_ratio",
            lambda f, s: f(s.returns, annualization=s.per_year), calmar_of_rows, ROWS),
    _calmar("ffn", "ffn.calc_calmar_ratio", lambda f, s: f(s.result.nav), partial(of_metric, "calmar"), CALENDAR),
    _calmar("quantstats", "quantstats.stats.calmar",
            lambda f, s: f(s.returns, periods=s.per_year), calmar_of_rows, ROWS),
    _var("empyrical-reloaded", "empyrical.value_at_risk", lambda f, s: f(s.returns)),
    _var("vectorbt", "vectorbt.returns.nb.value_at_risk_1d_nb", lambda f, s: f(s.returns.to_numpy())),
    _cvar("empyrical-reloaded", "empyrical.conditional_value_at_risk", lambda f, s: f(s.returns)),
    _cvar("quantstats", "quantstats.stats.conditional_value_at_risk", lambda f, s: f(s.returns, method="historical")),
    _cvar("vectorbt", "vectorbt.returns.nb.cond_value_at_risk_1d_nb", lambda f, s: f(s.returns.to_numpy())),
    _skew("scipy", "scipy.stats.skew", lambda f, s: f(s.returns), partial(of_metric, "skew")),
    _skew("skfolio", "skfolio.measures.skew", lambda f, s: f(s.returns.to_numpy()), partial(of_metric, "skew")),
    _skew("quantstats", "quantstats.stats.skew", lambda f, s: f(s.returns), bias_corrected_skew,
          "corrected for its bias in normal samples"),
    _kurtosis("scipy", "scipy.stats.kurtosis", lambda f, s: f(s.returns), partial(of_metric, "excess_kurtosis")),
    _kurtosis("skfolio", "skfolio.measures.kurtosis", lambda f, s: f(s.returns.to_numpy()),
              lambda s: s.metrics["excess_kurtosis"] + 3, "3 is not subtracted"),
    _kurtosis("quantstats", "quantstats.stats.kurtosis", lambda f, s: f(s.returns), bias_corrected_kurtosis,
              "corrected for its bias in normal samples"),
)  # fmt: skip
"""Of a run alone."""
