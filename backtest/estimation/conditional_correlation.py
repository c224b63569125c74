"""Conditional covariances: a GARCH volatility for each asset, and constant (CCC) or dynamic (DCC) correlations."""

import logging
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, StrictInt

from backtest.estimation.dcc import correlation_target, dcc_correlations, fitted_dcc
from backtest.estimation.estimator import Array, Estimator, Missing, Window, window_rows
from backtest.estimation.garch import Garch, filtered, fitted_garch
from backtest.estimation.rolling import scaled
from backtest.estimation.windows import complete_windows, scattered

_log = logging.getLogger(__name__)


def _checked(refit: int | str) -> int | str:
    if window_rows(refit, 252) < 1:
        raise ValueError(f"every {refit} periods; expected one or more")
    return refit


class _ConditionalCorrelation(Estimator):
    """What CCC and DCC share: their matrix is the forecast for the next period.

    The parameters are those of the last `window` returns up to the last fit; `refit` rows later they are fitted anew.
    In between, variances and correlations go on with each return. A date's fit is counted from the first row that has a
    full window, so it does not depend on the dates asked for.

    A GARCH model wants some hundreds of returns. Where its fit does not converge, the asset's volatility is held at the
    window's standard deviation until the next one, and the log says so.

    Args:
        window: returns to fit to; an asset needs those between fit and date as well.
        volatility: "garch", or "gjr", in which a loss may raise the volatility by more than a gain does.
        refit: how often parameters are fitted, in the words of `window`.
    """

    window: Window = "5Y"
    volatility: Literal["garch", "gjr"] = "garch"
    refit: Annotated[StrictInt | str, AfterValidator(_checked)] = "1Y"

    def _covariances(
        self, excess_returns: Array, rows: Sequence[int], periods_per_year: int, *, dynamic: bool
    ) -> Array:
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
    """Constant conditional correlations (Bollerslev 1990): Σ = D R D, D the volatilities forecast, R of the fit."""

    covariance: Literal["ccc"] = "ccc"

    def covariances(self, excess_returns: Array, rows: Sequence[int], periods_per_year: int) -> Array:
        """As `Estimator.covariances`."""
        return self._covariances(excess_returns, rows, periods_per_year, dynamic=False)


class DCC(_ConditionalCorrelation):
    """Dynamic conditional correlations (Engle 2002): Σ = D R D, both of them forecast (`backtest.estimation.dcc`)."""

    covariance: Literal["dcc"] = "dcc"

    def covariances(self, excess_returns: Array, rows: Sequence[int], periods_per_year: int) -> Array:
        """As `Estimator.covariances`."""
        return self._covariances(excess_returns, rows, periods_per_year, dynamic=True)


def conditional_covariances(
    excess_returns: Array,
    rows: Sequence[int],
    window: int,
    refit: int,
    *,
    leverage: bool = False,
    dynamic: bool = False,
    missing: Missing = "complete_assets",
) -> Array:
    """Covariance forecast at the close of each of the given rows for the period after it.

    Source: Bollerslev (1990), "Modelling the coherence in short-run nominal exchange rates", Review of Economics and
    Statistics 72; Engle (2002), "Dynamic conditional correlation", Journal of Business & Economic Statistics 20. The
    mean of the returns is a constant; it is fitted with the volatility.

    Args:
        excess_returns: (T, n) decimal per period; NaN where an asset has none.
        rows: m rising positions in 0..T-1.
        window: number of returns that parameters are fitted to.
        refit: parameters are fitted on row window - 1 and every `refit` rows from there.
        leverage: GJR volatilities.
        dynamic: DCC, else CCC.
        missing: what a gap leaves out, from the first row of the fit's window to the date: the asset, or the row.

    Returns:
        (m, n, n) decimal² per period, NaN for what is left out.

    Raises:
        EstimationError: too few returns to fit to, or (DCC) their correlations are singular.
        BacktestError: the package arch is not installed.
    """
    assets = excess_returns.shape[1]
    covariances = np.full((len(rows), assets, assets), np.nan)
    known: dict[bytes, Garch] = {}
    for (first, there), positions in _dates_by_fit(excess_returns, rows, window, refit, missing).items():
        columns = np.flatnonzero(np.frombuffer(there, dtype=bool))
        last = rows[positions[-1]]
        ((_, _, returns),) = complete_windows(excess_returns[:, columns], [last], last + 1 - first, missing)
        complete = np.all(~np.isnan(excess_returns[first : last + 1, columns]), axis=1)
        to_fit = int(np.sum(complete[:window]))
        ends = np.cumsum(complete, dtype=np.intp)[np.array(rows)[positions] - first]
        models = []
        for column, series in zip(columns, returns[:to_fit].T.copy(), strict=True):
            if series.tobytes() not in known:
                known[series.tobytes()] = _fitted(series, leverage, f"asset {column + 1} of {assets}", first)
            models.append(known[series.tobytes()])
        for position, matrix in zip(positions, _forecasts(models, returns, to_fit, ends, dynamic=dynamic), strict=True):
            covariances[position] = scattered(matrix, columns, assets)
    return covariances


def _dates_by_fit(
    excess_returns: Array, rows: Sequence[int], window: int, refit: int, missing: Missing
) -> dict[tuple[int, bytes], list[int]]:
    """Positions in `rows` of the dates whose parameters are the same: by first row of their fit and assets there."""
    known = ~np.isnan(excess_returns)
    begun = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    dates: dict[tuple[int, bytes], list[int]] = {}
    for position, row in enumerate(rows):
        first = (row + 1 - window) // refit * refit
        if first < 0:
            continue
        there = known[row] & (begun <= first) if missing == "complete_rows" else known[first : row + 1].all(axis=0)
        if there.any():
            dates.setdefault((first, there.tobytes()), []).append(position)
    return dates


def _fitted(returns: Array, leverage: bool, asset: str, first: int) -> Garch:
    fit = fitted_garch(returns, leverage=leverage)
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
    models: Sequence[Garch], returns: Array, to_fit: int, ends: NDArray[np.intp], *, dynamic: bool
) -> list[Array]:
    """The (k, k) covariances after the first `ends` rows of (s, k) returns, the first `to_fit` of them fitted."""
    variances, later = filtered(models, returns[to_fit:])
    fitted = np.column_stack([model.units for model in models])
    target = correlation_target(fitted)
    if dynamic:
        news, memory = fitted_dcc(fitted, target)
        correlations = dcc_correlations(np.concatenate([fitted, later]), target, news, memory, ends)
    else:
        correlations = np.broadcast_to(target, (len(ends), *target.shape))
    return [scaled(matrix, np.sqrt(variances[end - to_fit])) for matrix, end in zip(correlations, ends, strict=True)]
