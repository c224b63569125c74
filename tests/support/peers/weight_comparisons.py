"""Weights and risks of portfolios that peers compute too."""

import warnings
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from backtest.numerics.arrays import Floats
from backtest.risk import (
    WeightBounds,
    bounded_risk_parity_weights,
    diversification_ratio,
    effective_number_of_bets,
    hierarchical_risk_parity_weights,
    historical_shortfall_parity_weights,
    maximum_diversification_weights,
    minimum_variance_weights,
    percentage_contributions,
    portfolio_volatility,
    risk_contributions,
    risk_parity_weights,
    volatilities,
)
from backtest.risk.measures.expected_shortfall import (
    gaussian_expected_shortfall,
    historical_expected_shortfall,
    historical_shortfall_contributions,
)
from support.peers.comparison import Comparison
from support.peers.peer_inputs import PeerInput

CAP = 0.6  # of a weight; two assets have room
ASKED = dict.fromkeys(("tol_feas", "tol_gap_abs", "tol_gap_rel"), 1e-12)
SOLVER = (
    "the solver of the peer is asked for 1e-12 of its objective, which is flat at the optimum: some 1e-6 in weights"
)
SLOPES = "the peer computes derivatives by differences"
STEP = "the peer stops when a step changes its weights by less than this"
STOP = "the tolerance of the peer is 1e-13, which bounds its last step but not its error"


def inverse_volatility(sample: PeerInput) -> Floats:
    """Return weights in proportion to 1 / volatility."""
    inverse = 1 / volatilities(sample.covariance)[0]
    return np.asarray(inverse / inverse.sum(), np.float64)


def parity(sample: PeerInput) -> Floats:
    """Return risk parity weights."""
    return risk_parity_weights(sample.covariance)


def budgeted(sample: PeerInput) -> Floats:
    """Return weights of rising risk budgets."""
    return risk_parity_weights(sample.covariance, sample.budgets)


def bounds(sample: PeerInput) -> tuple[float, float]:
    """Return a lower and an upper bound that both bind."""
    free = budgeted(sample)
    return 1.1 * float(free.min()), 0.9 * float(free.max())


def bounded(sample: PeerInput) -> Floats:
    """Return weights of rising risk budgets within the bounds."""
    lower, upper = (np.full(sample.assets.shape[1], bound) for bound in bounds(sample))
    limits = WeightBounds(names=tuple(sample.assets.columns.astype(str)), lower=lower, upper=upper)
    return bounded_risk_parity_weights(sample.covariance, sample.budgets, limits)


def by_skfolio(model: Any, sample: PeerInput, **options: Any) -> Any:
    """Fit a model of skfolio; measures of risk are given by name."""
    from skfolio import RiskMeasure

    if "risk_measure" in options:
        options["risk_measure"] = RiskMeasure[options["risk_measure"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "may be inaccurate": the comparison measures it
        return model(solver_params=ASKED, **options).fit(sample.assets).weights_


def bounded_by_skfolio(model: Any, sample: PeerInput) -> Any:
    """Fit a model of skfolio with risk budgets and bounds."""
    lower, upper = bounds(sample)
    return by_skfolio(model, sample, risk_budget=sample.budgets, min_weights=lower, max_weights=upper)


def cluster_by_skfolio(model: Any, sample: PeerInput) -> Any:
    """Return hierarchical risk parity by skfolio, with the paper's linkage and order of leaves."""
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.seriation import HierarchicalSeriation

    clustering = HierarchicalClustering(linkage_method=LinkageMethod.SINGLE)
    seriation = HierarchicalSeriation(hierarchical_clustering_estimator=clustering, optimal_ordering=False)
    return model(seriation_estimator=seriation).fit(sample.assets).weights_


def by_riskfolio(solve: Any, sample: PeerInput, **options: Any) -> Any:
    """Solve a problem of riskfolio-lib, by a method of its portfolio."""
    model = import_module("riskfolio").Portfolio(returns=sample.assets)
    model.assets_stats(method_mu="hist", method_cov="hist")
    model.solvers, model.sol_params = ["CLARABEL"], {"CLARABEL": ASKED}
    return solve(model, model="Classic", **options)


def by_design(design: Any, sample: PeerInput, budgets: Floats) -> Any:
    """Solve a problem of riskparityportfolio."""
    return design(sample.covariance, budgets, 1e-13, 10_000)


def equal(sample: PeerInput) -> Floats:
    """Return equal weights."""
    return np.full(sample.assets.shape[1], 1 / sample.assets.shape[1])


_inverse = partial(Comparison, "inverse volatility", "`volatilities`", translated=inverse_volatility)
_parity = partial(Comparison, "risk parity", "`risk_parity_weights`", translated=parity)
_budgets = partial(Comparison, "risk budgets", "`risk_parity_weights`", translated=budgeted)
_least = partial(Comparison, "minimum variance", "`minimum_variance_weights`",
                 translated=lambda s: minimum_variance_weights(s.covariance))  # fmt: skip
_hierarchical = partial(Comparison, "hierarchical risk parity", "`hierarchical_risk_parity_weights`",
                        convention="clusters by d_ij itself; these inputs have the same order of leaves",
                        translated=lambda s: hierarchical_risk_parity_weights(s.covariance))  # fmt: skip
_tail = partial(Comparison, "expected-shortfall parity", "`historical_shortfall_parity_weights`",
                translated=lambda s: historical_shortfall_parity_weights(s.values))  # fmt: skip

WEIGHTS = (
    _inverse("ffn", "ffn.calc_inv_vol_weights", lambda f, s: f(s.assets)),
    _inverse("skfolio", "skfolio.optimization.InverseVolatility", lambda f, s: f().fit(s.assets).weights_),
    _parity("ffn", "ffn.calc_erc_weights",
            lambda f, s: f(s.assets, covar_method="standard", tolerance=1e-14), tolerance=1e-7, reason=STEP),
    _parity("riskfolio-lib", "riskfolio.Portfolio.rp_optimization", lambda f, s: by_riskfolio(f, s, rm="MV"),
            tolerance=1e-5, reason=SOLVER),
    _parity("riskparityportfolio", "riskparityportfolio.vanilla.design",
            lambda f, s: by_design(f, s, equal(s)), tolerance=1e-9, reason=STOP),
    _parity("skfolio", "skfolio.optimization.RiskBudgeting", partial(by_skfolio, risk_measure="VARIANCE"),
            tolerance=3e-5, reason=SOLVER),
    _budgets("ffn", "ffn.calc_erc_weights",
             lambda f, s: f(s.assets, risk_weights=s.budgets, covar_method="standard", tolerance=1e-14),
             tolerance=1e-7, reason=STEP),
    _budgets("riskfolio-lib", "riskfolio.Portfolio.rp_optimization",
             lambda f, s: by_riskfolio(f, s, rm="MV", b=s.budgets[:, None]), tolerance=1e-5, reason=SOLVER),
    _budgets("riskparityportfolio", "riskparityportfolio.vanilla.design",
             lambda f, s: by_design(f, s, s.budgets), tolerance=1e-9, reason=STOP),
    _budgets("skfolio", "skfolio.optimization.RiskBudgeting",
             lambda f, s: by_skfolio(f, s, risk_measure="VARIANCE", risk_budget=s.budgets),
             tolerance=3e-5, reason=SOLVER),
    Comparison("risk budgets within bounds", "`bounded_risk_parity_weights`",
               "skfolio", "skfolio.optimization.RiskBudgeting", bounded_by_skfolio, bounded,
               tolerance=3e-5, reason=SOLVER),
    _least("riskfolio-lib", "riskfolio.Portfolio.optimization",
           lambda f, s: by_riskfolio(f, s, rm="MV", obj="MinRisk"), tolerance=1e-5, reason=SOLVER),
    _least("skfolio", "skfolio.optimization.MeanRisk", by_skfolio, tolerance=3e-5, reason=SOLVER),
    Comparison("minimum variance with a cap", "`minimum_variance_weights`", "skfolio", "skfolio.optimization.MeanRisk",
               partial(by_skfolio, max_weights=CAP), lambda s: minimum_variance_weights(s.covariance, CAP),
               tolerance=3e-5, reason=SOLVER),
    Comparison("maximum diversification", "`maximum_diversification_weights`",
               "skfolio", "skfolio.optimization.MaximumDiversification", by_skfolio,
               lambda s: maximum_diversification_weights(s.covariance), tolerance=3e-5, reason=SOLVER),
    _hierarchical("pyportfolioopt", "pypfopt.HRPOpt",
                  lambda f, s: list(map(f(s.assets).optimize().get, s.assets))),
    _hierarchical("riskfolio-lib", "riskfolio.HCPortfolio",
                  lambda f, s: f(returns=s.assets).optimization(model="HRP", rm="MV", leaf_order=False)),
    _hierarchical("skfolio", "skfolio.optimization.HierarchicalRiskParity", cluster_by_skfolio),
    _tail("riskfolio-lib", "riskfolio.Portfolio.rp_optimization", lambda f, s: by_riskfolio(f, s, rm="CVaR"),
          tolerance=1e-5, reason=SOLVER),
    _tail("skfolio", "skfolio.optimization.RiskBudgeting", partial(by_skfolio, risk_measure="CVAR"),
          tolerance=3e-5, reason=SOLVER),
)  # fmt: skip

_shortfall = partial(Comparison, "expected shortfall", "`historical_expected_shortfall`",
                     translated=lambda s: historical_expected_shortfall(equal(s), s.values))  # fmt: skip

RISKS = (
    Comparison("portfolio volatility", "`portfolio_volatility`", "skfolio", "skfolio.Portfolio",
               lambda f, s: f(X=s.assets, weights=equal(s)).standard_deviation,
               lambda s: portfolio_volatility(equal(s), s.covariance)),
    Comparison("risk contributions", "`risk_contributions`", "riskfolio-lib", "riskfolio.Risk_Contribution",
               lambda f, s: f(equal(s), s.assets, rm="MV"), lambda s: risk_contributions(equal(s), s.covariance),
               tolerance=1e-6, reason=SLOPES),
    Comparison("shares of risk", "`percentage_contributions`",
               "riskparityportfolio", "riskparityportfolio.RiskParityPortfolio",
               lambda f, s: f(s.covariance, weights=equal(s)).risk_contributions,
               lambda s: percentage_contributions(risk_contributions(equal(s), s.covariance))),
    Comparison("diversification ratio", "`diversification_ratio`", "skfolio", "skfolio.Portfolio",
               lambda f, s: f(X=s.assets, weights=equal(s)).diversification,
               lambda s: diversification_ratio(equal(s), s.covariance)),
    Comparison("effective number of bets", "`effective_number_of_bets`",
               "skfolio", "skfolio.measures.effective_number_assets",
               lambda f, s: f(percentage_contributions(risk_contributions(equal(s), s.covariance))),
               lambda s: effective_number_of_bets(risk_contributions(equal(s), s.covariance)),
               "of weights, so it is given shares of risk"),
    _shortfall("riskfolio-lib", "riskfolio.CVaR_Hist", lambda f, s: f(s.values @ equal(s))),
    _shortfall("skfolio", "skfolio.measures.cvar", lambda f, s: f(s.values @ equal(s))),
    Comparison("contributions to expected shortfall", "`historical_shortfall_contributions`",
               "riskfolio-lib", "riskfolio.Risk_Contribution", lambda f, s: f(equal(s), s.assets, rm="CVaR"),
               lambda s: historical_shortfall_contributions(equal(s), s.values), tolerance=1e-6, reason=SLOPES),
    Comparison("Gaussian expected shortfall", "`gaussian_expected_shortfall`",
               "quantstats", "quantstats.stats.conditional_value_at_risk",
               lambda f, s: f(s.assets.mean(axis=1)),
               lambda s: -gaussian_expected_shortfall(equal(s), s.covariance, s.values.mean(axis=0)),
               "a return below zero; here it is a loss above zero"),
)  # fmt: skip
