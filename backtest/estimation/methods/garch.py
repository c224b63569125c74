"""Volatility clustering: GARCH(1,1), with an optional extra term for losses (GJR), fitted by the package arch."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from backtest.errors import BacktestError, EstimationError
from backtest.estimation.constant_assets import columns_that_vary
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread

LEAST_RETURNS = 20  # five for each of four parameters; with fewer, the maximum of the likelihood means nothing

TOLERANCE = 1e-9  # of the log-likelihood; with arch's own 1e-6, rounding of the returns moves variances by 0.03 %


class Garch(NamedTuple):
    """Fitted model of x_t / scale = mean + e_t, e_t = z_t sqrt(v_t), and its state after the last return.

    v_{t+1} = omega + (alpha + gamma [e_t < 0]) e_t² + beta v_t.

    Args:
        scale: standard deviation of the returns, decimal per period; the unit of the other parameters.
        mean: mean of the returns.
        omega: constant part of the next variance.
        alpha: weight of the last squared deviation.
        gamma: additional weight if that deviation is negative, 0 for plain GARCH.
        beta: weight of the last variance.
        next_variance: v one period after the last return.
        units: (T,) the z_t.
        converged: False if the fit did not converge; the variance is then constant, the sample variance.
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
    """Fit a GARCH(1,1) or GJR model by normal (quasi-)maximum likelihood.

    Source: Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity", Journal of Econometrics 31;
    Glosten, Jagannathan and Runkle (1993), Journal of Finance 48, for `leverage`. Returns are fitted in units of their
    standard deviation, so a fit does not depend on whether they are daily or monthly, decimals or percent.

    Args:
        returns: (T,) decimal per period, none missing.
        leverage: whether a loss may raise the variance by more than a gain (GJR).

    Raises:
        EstimationError: there are fewer than 20 returns, or they do not vary.
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
    """Return the result of arch, and whether its search converged.

    Rounding may end the search before its tolerance is met, for example at a sharp maximum. A second search then starts
    from there with arch's own tolerance. If the second search converges, the better of the two results is returned.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about steps of the search; the result shows how it ended
        result = model.fit(disp="off", show_warning=False, options={"ftol": TOLERANCE})
        if result.convergence_flag == 0:
            return result, True
        second = model.fit(disp="off", show_warning=False, starting_values=result.params.to_numpy())
    better = max(result, second, key=lambda fit: float(np.nan_to_num(fit.loglikelihood, nan=-np.inf)))
    return better, second.convergence_flag == 0


def filter_returns(models: Sequence[Garch], returns: Floats) -> tuple[Floats, Floats]:
    """Apply fitted models to the returns that follow the returns they were fitted to.

    Args:
        models: models of k assets.
        returns: (s, k) decimal per period: the next returns, s of 0 or more.

    Returns:
        (s + 1, k) variances, decimal² per period, forecast at the close of each row for the next row, the first at the
        close of the last fitted return; and the (s, k) z of the returns.
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
