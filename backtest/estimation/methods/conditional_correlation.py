"""Conditional covariances: a GARCH volatility for each asset, and constant (CCC) or dynamic (DCC) correlations."""

import logging
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, StrictInt

from backtest.errors import EstimationError
from backtest.estimation.constant_assets import columns_that_vary
from backtest.estimation.estimator import Estimator, Length, Missing, Window, window_rows
from backtest.estimation.methods.dcc import correlation_target, dcc_correlations, fit_dcc
from backtest.estimation.methods.garch import LEAST_RETURNS, Garch, filter_returns, fit_garch
from backtest.estimation.windows.rolling import scale_correlation
from backtest.estimation.windows.window_sizes import scatter, window_places
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread

_log = logging.getLogger(__name__)


def _check_refit(refit: int | str) -> int | str:
    if window_rows(refit, 252) < 1:
        raise ValueError(f"every {refit} periods; expected one or more")
    return refit


class _ConditionalCorrelation(Estimator):
    """Base of CCC and DCC, whose matrix is the forecast for the next period.

    Parameters are fitted to `window` returns: first as soon as all available assets have that many returns, then every
    `refit` rows. Between two fits, variances and correlations are updated with each return. A date's matrix therefore
    does not depend on the other dates that are requested.

    A GARCH model needs some hundreds of returns. If its fit does not converge, the asset's volatility stays at the
    window's standard deviation until the next fit. If correlations are singular (fewer returns than assets, or an asset
    that is a combination of others), DCC keeps them constant. Both cases are logged.

    Args:
        window: number of returns that parameters are fitted to.
        volatility: "garch", or "gjr", in which a loss may raise the volatility by more than a gain does.
        refit: time between two fits, in the units of `window`.
    """

    window: Window = "5Y"
    least_returns: ClassVar[int] = LEAST_RETURNS
    volatility: Literal["garch", "gjr"] = "garch"
    refit: Annotated[StrictInt | str, AfterValidator(_check_refit), Length(1)] = "1Y"

    def _covariances(
        self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int, *, dynamic: bool
    ) -> Floats:
        return conditional_covariances(
            excess_returns,
            rows,
            window_rows(self.window, periods_per_year),
            window_rows(self.refit, periods_per_year),
            leverage=self.volatility == "gjr",
            dynamic=dynamic,
            missing=self.missing,
        )


class CCC(_ConditionalCorrelation):
    """Constant conditional correlations (Bollerslev 1990): Σ = D R D with forecast volatilities D and fitted R.

    Definitions: docs/conventions/estimation.md#conditional-correlations
    """

    covariance: Literal["ccc"] = "ccc"
    formula: ClassVar[str] = "D R D, D volatilities forecast by GARCH(1,1), R constant correlations"
    source: ClassVar[str] = "Bollerslev (1990), Rev. Economics and Statistics 72"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        return self._covariances(excess_returns, rows, periods_per_year, dynamic=False)


class DCC(_ConditionalCorrelation):
    """Dynamic conditional correlations (Engle 2002): Σ = D R D, where both D and R are forecasts (`dcc`).

    Definitions: docs/conventions/estimation.md#conditional-correlations
    """

    covariance: Literal["dcc"] = "dcc"
    formula: ClassVar[str] = "D R D, D volatilities forecast by GARCH(1,1), R correlations that move with the returns"
    source: ClassVar[str] = "Engle (2002), J. Business & Economic Statistics 20"

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        return self._covariances(excess_returns, rows, periods_per_year, dynamic=True)


@one_blas_thread()
def conditional_covariances(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    refit: int,
    *,
    leverage: bool = False,
    dynamic: bool = False,
    missing: Missing = "complete_assets",
) -> Floats:
    """Return the covariance forecast at the close of each of the given rows for the next period.

    Source: Bollerslev (1990), "Modelling the coherence in short-run nominal exchange rates", Review of Economics and
    Statistics 72; Engle (2002), "Dynamic conditional correlation", Journal of Business & Economic Statistics 20. The
    mean of the returns is a constant and is fitted together with the volatility.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        window: number of returns that parameters are fitted to.
        refit: rows from one fit to the next, 1 or more. The first fit is on the `window`-th row on which all available
            assets have a return; with `missing` complete_assets, rows are counted from the last gap.
        leverage: whether to use GJR volatilities.
        dynamic: True for DCC, False for CCC.
        missing: whether a gap inside a window leaves out the asset or the row (`window_sizes`).

    Returns:
        (m, n, n) decimal² per period. NaN for assets that are left out, zeros for an asset whose returns in the
        fitting window vary only by rounding.

    Raises:
        EstimationError: fewer than 20 returns to fit to.
        BacktestError: the package arch is not installed.
    """
    assets = excess_returns.shape[1]
    covariances = np.full((len(rows), assets, assets), np.nan)
    known: dict[bytes, Garch] = {}
    for (first, *available), positions in _dates_by_fit(excess_returns, rows, window, refit, missing).items():
        returns = excess_returns[first : rows[positions[-1]] + 1, available]
        complete = np.all(~np.isnan(returns), axis=1)
        ends = np.cumsum(complete, dtype=np.intp)[np.array(rows)[positions] - first]
        to_fit = int(np.sum(complete[:window]))
        returns = returns[complete]
        moving = np.flatnonzero(columns_that_vary(returns[:to_fit]))
        matrices = np.zeros((len(ends), len(available), len(available)))
        models = []
        for column in moving:
            series = returns[:to_fit, column].copy()
            if series.tobytes() not in known:
                known[series.tobytes()] = _fit_asset(
                    series, leverage, f"asset {available[column] + 1} of {assets}", first
                )
            models.append(known[series.tobytes()])
        if models:
            forecasts = _forecasts(models, returns[:, moving], to_fit, ends, dynamic=dynamic)
            matrices[:, moving[:, None], moving] = forecasts
        for position, matrix in zip(positions, matrices, strict=True):
            covariances[position] = scatter(matrix, np.array(available), assets)
    return covariances


def _dates_by_fit(
    excess_returns: Floats, rows: Sequence[int], window: int, refit: int, missing: Missing
) -> dict[tuple[int, ...], list[int]]:
    """Group positions in `rows` by the parameters they share: keyed by first row of the fit and available columns."""
    known = ~np.isnan(excess_returns)
    first_known = known.argmax(axis=0)
    last_gap = np.maximum.accumulate(np.where(known, -1, np.arange(len(known))[:, None]), axis=0)
    dates: dict[tuple[int, ...], list[int]] = {}
    for position, columns, _ in window_places(excess_returns, rows, window, missing):
        since = first_known if missing == "complete_rows" else last_gap[rows[position]] + 1
        begin = int(since[columns].max())
        first = begin + (rows[position] + 1 - window - begin) // refit * refit
        dates.setdefault((first, *columns.tolist()), []).append(position)
    return dates


def _fit_asset(returns: Floats, leverage: bool, asset: str, first: int) -> Garch:
    fit = fit_garch(returns, leverage=leverage)
    if not fit.converged:
        _log.warning(
            "%s: the GARCH model of its %d returns from row %d on did not converge; its volatility is held constant "
            "until the next fit",
            asset,
            len(returns),
            first,
        )
    return fit


def _forecasts(
    models: Sequence[Garch], returns: Floats, to_fit: int, ends: NDArray[np.intp], *, dynamic: bool
) -> list[Floats]:
    """Return (k, k) covariances after `ends` rows of (s, k) returns; the models are fitted to the first `to_fit`."""
    variances, later = filter_returns(models, returns[to_fit:])
    fitted = np.column_stack([model.units for model in models])
    target = correlation_target(fitted)
    correlations = np.broadcast_to(target, (len(ends), *target.shape))
    if dynamic:
        try:
            news, memory = fit_dcc(fitted, target)
        except EstimationError as problem:
            _log.warning("%s: the correlations are held constant until the next fit", problem)
        else:
            correlations = dcc_correlations(np.concatenate([fitted, later]), target, news, memory, ends)
    return [
        scale_correlation(matrix, np.sqrt(variances[end - to_fit]))
        for matrix, end in zip(correlations, ends, strict=True)
    ]
