"""Volatilities from one window, correlations from another window or from returns over several periods."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, StrictInt, ValidationInfo, field_validator

from backtest.errors import EstimationError
from backtest.estimation.estimator import MOST_A_YEAR, Estimator, Missing, Window, window_rows
from backtest.estimation.windows.weighted_sums import (
    rescale_variances,
    rolling_weighted_covariances,
    rolling_weighted_variances,
    weighted_covariance,
)
from backtest.estimation.windows.window_sizes import scatter, window_places
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread


class SeparateCorrelations(Estimator):
    """Sample volatilities from one window, sample correlations from a window or a horizon of their own.

    Definitions: docs/conventions/estimation.md#separate-correlations

    Args:
        window: window of the volatilities, which use returns over one period.
        correlation_window: window of the correlations, by default `window`.
        correlation_periods: number of returns in the overlapping sums whose correlations are used. 5 suits assets that
            close at different hours, whose same-day returns understate how correlated the assets are.
    """

    covariance: Literal["separate_correlations"] = "separate_correlations"
    formula: ClassVar[str] = "σ_i ρ_ij σ_j, σ from one window, ρ from another"
    source: ClassVar[str] = "Lo, MacKinlay (1990), on assets that close at different hours"
    correlation_window: Window | None = None
    correlation_periods: Annotated[StrictInt, Field(ge=1, validate_default=True)] = 1

    @field_validator("correlation_periods")
    @classmethod
    def _two_sums_fit(cls, periods: int, info: ValidationInfo) -> int:
        given = info.data.get("correlation_window") or info.data.get("window", "1Y")
        most = window_rows(given, MOST_A_YEAR)
        if most < periods + 1:
            raise ValueError(
                f"sums of {periods} returns, but the window of the correlations, {given}, holds at most {most} "
                f"returns; expected {periods + 1} or more, for two sums"
            )
        return periods

    def least_rows(self, setting: str) -> int:
        """Return the least rows of a window: the correlations need two sums of returns."""
        correlations = "window" if self.correlation_window is None else "correlation_window"
        return self.correlation_periods + 1 if setting == correlations else super().least_rows(setting)

    def estimate(self, excess_returns: Floats, rows: Sequence[int], periods_per_year: int) -> Floats:
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        correlation_window = window_rows(self.correlation_window or self.window, periods_per_year)
        return rolling_separate_correlations(
            excess_returns, rows, window, correlation_window, periods=self.correlation_periods, missing=self.missing
        )


@one_blas_thread()
def rolling_separate_correlations(
    excess_returns: Floats,
    rows: Sequence[int],
    window: int,
    correlation_window: int,
    *,
    periods: int = 1,
    missing: Missing = "complete_assets",
) -> Floats:
    """Return covariances σ_i ρ_ij σ_j, with σ from the last `window` and ρ from the last `correlation_window` returns.

    ρ is the sample correlation of the correlation_window - periods + 1 sums of `periods` consecutive excess returns
    that lie in the window (the reason: Lo and MacKinlay 1990, "An Econometric Analysis of Nonsynchronous Trading").
    Sums are used instead of compounded returns so that the covariance scales with the returns. It is DCD, where C is
    the covariance of the sums and D is a diagonal matrix, so it is positive semi-definite by construction. A
    correlation with an asset whose sums do not vary counts as zero.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        window: number of returns for the volatilities, at least 2.
        correlation_window: number of returns for the correlations, at least periods + 1.
        periods: number of periods in a sum of returns; 1 for the returns themselves.
        missing: as in `window_places`, for the longer of the two windows. A sum that would span a row that is left out
            is also left out.

    Returns:
        (m, n, n) decimal² per period; NaN in the row and column of an asset without all returns of the longer window.

    Raises:
        EstimationError: fewer than two sums of returns fit into the window, or `complete_rows` would leave out more
            than half of it.

    Example:
        >>> returns = np.array([[0.02, 0.01], [-0.01, 0.0], [0.01, 0.01], [0.01, -0.01]])
        >>> rolling_separate_correlations(returns, [3], 2, 4).round(6).tolist()
        [[[0.0, 0.0], [0.0, 0.0002]]]
    """
    if correlation_window < periods + 1:
        raise EstimationError(
            f"a correlation window of {correlation_window} rows holds {max(0, correlation_window - periods + 1)} sums "
            f"of {periods} returns; expected two or more. Hint: a longer estimation.correlation_window."
        )
    sums = _consecutive_sums(excess_returns, periods)
    covariances = rescale_variances(
        rolling_weighted_covariances(sums, rows, correlation_window - periods + 1),
        rolling_weighted_variances(excess_returns, rows, window),
    )
    if missing == "complete_rows":
        longest, count = max(window, correlation_window), excess_returns.shape[1]
        for at, columns, rows_used in window_places(excess_returns, rows, longest, missing):
            if len(rows_used) < longest:
                returns = np.full((longest, columns.size), np.nan)
                returns[rows_used - (rows[at] + 1 - longest)] = excess_returns[np.ix_(rows_used, columns)]
                covariance = _with_gaps(returns, window, correlation_window, periods)
                covariances[at] = scatter(covariance, columns, count)
    return covariances


def _with_gaps(returns: Floats, window: int, correlation_window: int, periods: int) -> Floats:
    """Return the covariance of one window from its complete rows and complete sums of consecutive rows."""
    recent = _complete(returns[-window:])
    sums = _complete(_consecutive_sums(returns, periods)[periods - 1 - correlation_window :])
    covariance = rescale_variances(weighted_covariance(sums)[None], np.diagonal(weighted_covariance(recent))[None])
    return np.asarray(covariance[0])


def _complete(values: Floats) -> Floats:
    """Return the rows without NaN.

    Raises:
        EstimationError: fewer than half of the rows, or fewer than two, are complete.
    """
    complete = values[~np.isnan(values).any(axis=1)]
    if len(complete) < max(2, len(values) / 2):
        raise EstimationError(
            f"{len(complete)} of {len(values)} rows of returns, or of sums of consecutive returns, are complete in a "
            "window; expected at least half of them, and at least two. Hint: estimation.missing: complete_assets."
        )
    return complete


def _consecutive_sums(returns: Floats, periods: int) -> Floats:
    """Return (T, n) sums of each return and the periods - 1 returns before it; NaN if one of them is missing."""
    sums = returns.copy()
    for lag in range(1, min(periods, len(returns))):
        sums[lag:] += returns[:-lag]
    sums[: periods - 1] = np.nan
    return sums
