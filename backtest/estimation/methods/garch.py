"""Volatilities that cluster: GARCH(1,1), and with a part of its own for losses (GJR), fitted by the package arch."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from backtest.errors import BacktestError, EstimationError
from backtest.estimation.constant_assets import columns_that_vary
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread

LEAST_RETURNS = 20  # five for each of four parameters: below it the likelihood has no maximum worth the name

TOLERANCE = 1e-9  # of the log-likelihood; by arch's own, 1e-6, roundings of the returns move variances by 3 in 10,000


class Garch(NamedTuple):
    """A fitted model of x_t / scale = mean + e_t, e_t = z_t sqrt(v_t), and where it stands after the last return.

    v_{t+1} = omega + (alpha + gamma [e_t < 0]) e_t² + beta v_t.

    Args:
        scale: standard deviation of the returns, decimal per period; the others are in units of it.
        mean: of the returns.
        omega: constant part of the next variance.
        alpha: weight of the last squared deviation.
        gamma: what a negative one weighs beyond that, 0 for plain GARCH.
        beta: weight of the last variance.
        next_variance: v one period after the last return.
        units: (T,) the z_t.
        converged: False where the fit did not converge: then the variance is constant, the sample's.
    """

    scale: float
    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    next_variance: float
    units: Floats
    converged: bool


def fit_garch(returns: Floats, *, leverage: bool = False) -> Garch:
    """The model of greatest normal (quasi-)likelihood.

    Source: Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity", Journal of Econometrics 31;
    Glosten, Jagannathan and Runkle (1993), Journal of Finance 48, for `leverage`. Returns are fitted in units of their
    standard deviation: a fit does not depend on whether they are daily or monthly, decimals or percent.

    Args:
        returns: (T,) decimal per period, none missing.
        leverage: whether a loss may raise the variance by more than a gain (GJR).

    Raises:
        EstimationError: fewer than 20 returns, or they do not vary.
        BacktestError: the package arch is not installed.

    Example:
        >>> returns = 0.01 * np.random.default_rng(0).normal(size=500) * np.repeat([1.0, 3.0], 250)
        >>> fit = fit_garch(returns)
        >>> bool(fit.scale * fit.next_variance**0.5 > 0.025)  # the calm first half counts little
        True
    """
    if len(returns) < LEAST_RETURNS or not columns_that_vary(returns[:, None]).all():
        raise EstimationError(
            f"a GARCH model of {len(returns)} returns between {returns.min():.6g} and {returns.max():.6g}; expected "
            f"{LEAST_RETURNS} or more that vary. Hint: a longer estimation.window, or estimation.covariance: ewma"
        )
    scale = float(returns.std(ddof=1))
    model = _arch_model()(returns / scale, mean="Constant", p=1, o=int(leverage), q=1, dist="normal", rescale=False)
    result, converged = _best(model)
    mean, omega, alpha, *between, beta = (float(parameter) for parameter in result.params)
    gamma = between[0] if between else 0.0
    deviation, variance = float(result.resid[-1]), float(result.conditional_volatility[-1]) ** 2
    next_variance = omega + (alpha + gamma * (deviation < 0)) * deviation**2 + beta * variance
    if not (converged and 0 < next_variance < np.inf):
        mean = float(returns.mean()) / scale
        return Garch(scale, mean, 1.0, 0.0, 0.0, 0.0, 1.0, returns / scale - mean, converged=False)
    units = np.asarray(result.std_resid, np.float64)
    return Garch(scale, mean, omega, alpha, gamma, beta, next_variance, units, converged=True)


@one_blas_thread()  # again, as arch has loaded SciPy's BLAS
def _best(model: Any) -> tuple[Any, bool]:
    """The result of arch, and whether its search converged.

    Where rounding ends it before its tolerance is met, as at a sharp maximum, a second one begins there, with arch's
    own tolerance: if that one converges, the better of the two is taken.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the search's steps; how it ended is read from the result
        result = model.fit(disp="off", show_warning=False, options={"ftol": TOLERANCE})
        if result.convergence_flag == 0:
            return result, True
        second = model.fit(disp="off", show_warning=False, starting_values=result.params.to_numpy())
    better = max(result, second, key=lambda one: float(np.nan_to_num(one.loglikelihood, nan=-np.inf)))
    return better, second.convergence_flag == 0


def filter_returns(models: Sequence[Garch], returns: Floats) -> tuple[Floats, Floats]:
    """What fitted models say of returns after those that they were fitted to.

    Args:
        models: of k assets.
        returns: (s, k) decimal per period: the next ones, s of 0 or more.

    Returns:
        (s + 1, k) variances, decimal² per period, forecast at the close of each row for the next: first at that of the
        last return of the fit; and (s, k) the z of the returns.
    """
    table = np.array([model[:7] for model in models]).T
    scale, mean, omega, alpha, gamma, beta, variance = table
    deviations = returns / scale - mean
    variances = np.empty((len(returns) + 1, len(models)))
    variances[0] = variance
    for t, deviation in enumerate(deviations):
        variances[t + 1] = omega + (alpha + gamma * (deviation < 0)) * deviation**2 + beta * variances[t]
    return variances * scale**2, deviations / np.sqrt(variances[:-1])


def _arch_model() -> Callable[..., Any]:
    try:
        from arch import arch_model
    except ImportError as error:
        raise BacktestError(
            "estimation.covariance: ccc and dcc need the package arch, which is not installed. "
            "Hint: pip install 'risk-parity-backtest[garch]'"
        ) from error
    model: Callable[..., Any] = arch_model
    return model
