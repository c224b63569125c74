"""Covariance estimators that peers have too."""

from functools import partial

import numpy as np

from backtest.estimation.methods.denoised import denoised_covariance
from backtest.estimation.methods.ewma import rolling_ewma_covariance
from backtest.estimation.methods.expanding import expanding_sample_covariance
from backtest.estimation.methods.garch import TOLERANCE, fit_garch
from backtest.estimation.methods.gerber import gerber_covariance
from backtest.estimation.methods.ledoit_wolf import constant_correlation_covariance, ledoit_wolf_covariance
from backtest.estimation.methods.oas import oas_covariance
from backtest.estimation.methods.sample_covariance import rolling_sample_covariance
from backtest.estimation.methods.semi_covariance import semi_covariance
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from support.peers.comparison import Comparison
from support.peers.peer_inputs import PeerInput

NOISE = "fits the variance of the noise to a density; these inputs have the same number of factors"
DIVISOR = "divisor T, also in the threshold; here T - 1"
WINDOW, HALF_LIFE, THRESHOLD = 60, 11, 0.5


def last_sample(sample: PeerInput) -> Floats:
    """Return the sample covariance of the last window."""
    covariance: Floats = rolling_sample_covariance(sample.values, [len(sample.values) - 1], WINDOW)[0]
    return covariance


def ewma(sample: PeerInput) -> Floats:
    """Return the exponentially weighted covariance of all returns."""
    count = len(sample.values)
    covariance: Floats = rolling_ewma_covariance(sample.values, [count - 1], count, HALF_LIFE, HALF_LIFE)[0]
    return covariance


def expanding(sample: PeerInput) -> Floats:
    """Return the sample covariance of all returns."""
    covariance: Floats = expanding_sample_covariance(sample.values, [len(sample.values) - 1], 2)[0]
    return covariance


def degree(sample: PeerInput) -> float:
    """Return T / (T - 1)."""
    return len(sample.values) / (len(sample.values) - 1)


def below_the_mean(sample: PeerInput) -> Floats:
    """Return the semi-covariance of deviations from the mean, with divisor T - 1."""
    return degree(sample) * semi_covariance(sample.values - sample.values.mean(axis=0))


def garch_variance(sample: PeerInput) -> float:
    """Return the forecast of the next variance of the first asset, in units of its sample variance."""
    with one_blas_thread():
        return fit_garch(sample.first).next_variance


def forecast_by_arch(arch_model: object, sample: PeerInput) -> float:
    """Return arch's forecast of the next variance of the first asset, in units of its sample variance."""
    values = sample.first
    assert callable(arch_model)
    model = arch_model(values / values.std(ddof=1), rescale=False)
    with one_blas_thread():  # with more threads the fits differ by 1e-8
        fit = model.fit(disp="off", options={"ftol": TOLERANCE})
    return float(fit.forecast(horizon=1).variance.iloc[-1, 0])


_sample = partial(Comparison, "sample covariance")
_ewma = partial(Comparison, "exponentially weighted covariance", "`ewma`")
_linear = partial(Comparison, "shrinkage to equal variances", "`ledoit_wolf`",
                  translated=lambda s: ledoit_wolf_covariance(s.values))  # fmt: skip
_semi = partial(Comparison, "semi-covariance", "`semi_covariance`")
_gerber = partial(Comparison, "Gerber covariance", "`gerber`")
_denoised = partial(Comparison, "denoised covariance", "`denoised`",
                    translated=lambda s: denoised_covariance(s.values), convention=NOISE,
                    inputs=("two_days", "five_days", "three_months"))  # fmt: skip

COVARIANCES = (
    _sample("`sample`", "pandas", "pandas.DataFrame.rolling",
            lambda f, s: f(s.assets, WINDOW).cov().iloc[-s.assets.shape[1]:], last_sample,
            tolerance=1e-10, reason="pandas updates running sums, whose rounding adds up"),
    _sample("`sample`", "scikit-learn", "sklearn.covariance.empirical_covariance",
            lambda f, s: f(s.values[-WINDOW:]), lambda s: last_sample(s) * (WINDOW - 1) / WINDOW,
            "divisor T, here T - 1"),
    _sample("`expanding`", "skfolio", "skfolio.moments.EmpiricalCovariance",
            lambda f, s: f().fit(s.values).covariance_, expanding),
    _ewma("pandas", "pandas.DataFrame.ewm",
          lambda f, s: f(s.assets, halflife=HALF_LIFE).cov().iloc[-s.assets.shape[1]:], ewma),
    _ewma("riskfolio-lib", "riskfolio.covar_matrix",
          lambda f, s: f(s.assets, method="ewma1", d=0.5 ** (1 / HALF_LIFE)), ewma, "a decay, here a half-life"),
    _linear("scikit-learn", "sklearn.covariance.ledoit_wolf", lambda f, s: f(s.values)[0]),
    Comparison("shrinkage to equal variances (OAS)", "`oas`", "scikit-learn", "sklearn.covariance.oas",
               lambda f, s: f(s.values)[0], lambda s: oas_covariance(s.values)),
    Comparison("shrinkage to equal correlations", "`ledoit_wolf_constant_correlation`",
               "pyportfolioopt", "pypfopt.risk_models.CovarianceShrinkage",
               lambda f, s: f(s.assets, returns_data=True, frequency=1).ledoit_wolf("constant_correlation"),
               lambda s: constant_correlation_covariance(s.values) * degree(s),
               "divisor T - 1 in the covariance and T in the intensity; here T in both, as in the paper",
               tolerance=2e-3, reason="the intensity differs by a part of 1 / T, and T is 120 or more"),
    _semi("pyportfolioopt", "pypfopt.risk_models.semicovariance",
          lambda f, s: f(s.assets, returns_data=True, benchmark=0.0, frequency=1), lambda s: semi_covariance(s.values)),
    _semi("riskfolio-lib", "riskfolio.covar_matrix", lambda f, s: f(s.assets, method="semi"), below_the_mean,
          "below the mean, divisor T - 1; here below a threshold, divisor T"),
    _gerber("skfolio", "skfolio.moments.GerberCovariance",
            lambda f, s: f(threshold=THRESHOLD * np.sqrt(degree(s)), psd_variant=False, nearest=False)
            .fit(s.values).covariance_,
            lambda s: gerber_covariance(s.values, THRESHOLD) / degree(s), DIVISOR),
    _gerber("riskfolio-lib", "riskfolio.covar_matrix",
            lambda f, s: f(s.assets, method="gerber2", threshold=THRESHOLD * np.sqrt(degree(s))),
            lambda s: gerber_covariance(s.values, THRESHOLD) / degree(s), DIVISOR),
    _denoised("skfolio", "skfolio.moments.DenoiseCovariance", lambda f, s: f(nearest=False).fit(s.values).covariance_),
    _denoised("riskfolio-lib", "riskfolio.covar_matrix", lambda f, s: f(s.assets, method="fixed")),
    Comparison("GARCH variance of the next period", "`ccc`, `dcc`", "arch", "arch.arch_model", forecast_by_arch,
               garch_variance, tolerance=1e-9, reason="both searches for the most likely parameters end at a tolerance",
               inputs=("five_days", "real_days")),
)  # fmt: skip
