"""Rules that every covariance estimator follows.

Each rule takes an estimator and the number of periods per year by which its window is counted. Numbers are compared
relative to both volatilities of a covariance.
"""

import numpy as np

from backtest.errors import BrokenRule
from backtest.estimation.estimator import Estimator, window_rows
from backtest.numerics.arrays import Floats

_ASSETS = 5
_ROUNDING = 1e-12  # of sums in another order
_SEARCH = 1e-6  # of a search for parameters, which rounding moves by up to its own tolerance
_SEMI_DEFINITE = 1e-13  # of the sum of variances: rounding of an eigenvalue of 0


def sample_returns(length: int, seed: int = 5, assets: int = _ASSETS) -> Floats:
    """Return (length, assets) returns with a common factor and volatilities from 0.4 to 2 %, calm and wild in turn."""
    rng = np.random.default_rng(seed)
    wild = 1 + 0.5 * np.sin(np.arange(length) / 9)[:, None]
    returns = rng.normal(0.0002, 1.0, (length, assets)) + 0.7 * rng.normal(size=(length, 1))
    return np.asarray(returns * wild * np.linspace(0.004, 0.02, assets))


def sample_rows(window: int) -> list[int]:
    """Return rows before the window is full, on the first date on which it is, close together, and far apart."""
    return [max(window + step, 0) for step in (-24, -2, -1, 3, 7, 11, 40, 44, 85) if window + step >= 0]


def full_windows_have_a_covariance(estimator: Estimator, periods_per_year: int) -> None:
    """Each date is answered by a covariance matrix, or by NaN before there is enough history."""
    returns, rows, window = _inputs(estimator, periods_per_year)
    found = estimator.covariances(returns, rows, periods_per_year)
    expected = (len(rows), _ASSETS, _ASSETS)
    if found.shape != expected or found.dtype != np.float64:
        raise BrokenRule(f"{found.dtype} of shape {found.shape}; expected float64 of shape {expected}")
    if np.isnan(found[-1]).any():
        raise BrokenRule(f"no covariance after {rows[-1] + 1} returns with a window of {window}")
    for matrix, row in zip(found, rows, strict=True):
        if np.isnan(matrix).all():
            continue
        if not np.isfinite(matrix).all() or (matrix != matrix.T).any():
            raise BrokenRule(f"the matrix of row {row} is not finite and symmetric")
        if np.linalg.eigvalsh(matrix)[0] < -_SEMI_DEFINITE * np.trace(matrix):
            raise BrokenRule(f"the matrix of row {row} is not positive semi-definite")


def later_returns_change_nothing(estimator: Estimator, periods_per_year: int) -> None:
    """Returns after a date change no bit of its covariance: other returns, huge returns, NaN, or no later dates."""
    returns, rows, _ = _inputs(estimator, periods_per_year)
    expected = estimator.covariances(returns, rows, periods_per_year)
    for k in (len(rows) - 7, len(rows) - 4):
        row, length = rows[k], len(returns)
        later = (sample_returns(length, 6), 1e6 * sample_returns(length, 7), np.full_like(returns, np.nan))
        for other in later:
            changed = np.concatenate([returns[: row + 1], other[row + 1 :]])
            found = estimator.covariances(changed, rows, periods_per_year)
            if found[: k + 1].tobytes() != expected[: k + 1].tobytes():
                raise BrokenRule(f"it looks ahead: returns after row {row} change covariances up to that row")
        cut = estimator.covariances(returns[: row + 1].copy(), rows[: k + 1], periods_per_year)
        if cut.tobytes() != expected[: k + 1].tobytes():
            raise BrokenRule(f"it looks ahead: covariances up to row {row} differ if the data ends there")


def later_dates_change_nothing(estimator: Estimator, periods_per_year: int) -> None:
    """The number of later dates changes no bit, not even of the first date."""
    returns, every, window = _inputs(estimator, periods_per_year)
    for rows in ([window + step for step in (3, 7, 11, 15, 67)], every[-4:]):
        together = estimator.covariances(returns, rows, periods_per_year)
        for count in range(1, len(rows)):
            alone = estimator.covariances(returns, rows[:count], periods_per_year)
            if alone.tobytes() != together[:count].tobytes():
                raise BrokenRule(
                    f"covariances of the rows {rows[:count]} differ if they are asked together with {rows}"
                )


def other_dates_change_only_rounding(estimator: Estimator, periods_per_year: int) -> None:
    """Each date asked alone, and dates in slices of three, have the covariances of all dates together."""
    returns, rows, _ = _inputs(estimator, periods_per_year)
    together = estimator.covariances(returns, rows, periods_per_year)
    for size in (1, 3):
        slices = [rows[k : k + size] for k in range(0, len(rows), size)]
        found = np.concatenate([estimator.covariances(returns, part, periods_per_year) for part in slices])
        if not _agree(found, together, _ROUNDING):
            raise BrokenRule(f"covariances depend on the other dates asked, here {size} at a time")


def the_order_of_assets_does_not_matter(
    estimator: Estimator, periods_per_year: int, tolerance: float = _SEARCH
) -> None:
    """Other columns first give the same covariances, in that order."""
    returns, rows, _ = _inputs(estimator, periods_per_year)
    order = np.array([3, 0, 4, 2, 1])
    plain = estimator.covariances(returns, rows, periods_per_year)
    found = estimator.covariances(returns[:, order], rows, periods_per_year)
    if not _agree(found, plain[:, order[:, None], order], tolerance):
        raise BrokenRule(f"covariances depend on the order of the assets by more than {tolerance:g}")


def an_asset_without_returns_is_left_out(
    estimator: Estimator, periods_per_year: int, tolerance: float = _SEARCH
) -> None:
    """An asset without a return on the date has NaN in its row and column; the others are as without that asset."""
    returns, rows, _ = _inputs(estimator, periods_per_year)
    row, others = rows[-1], [0, 1, 2, 4]
    gap = returns.copy()
    gap[row - 20 :, 3] = np.nan
    (found,) = estimator.covariances(gap, [row], periods_per_year)
    alone = estimator.covariances(returns[:, others], [row], periods_per_year)
    if not (np.isnan(found[3]).all() and np.isnan(found[:, 3]).all()):
        raise BrokenRule("an asset without a return on the date has a covariance; expected NaN in its row and column")
    if not _agree(found[np.ix_(others, others)][None], alone, tolerance):
        raise BrokenRule("an asset without returns changes the covariances of the others")


def arguments_are_not_modified(estimator: Estimator, periods_per_year: int) -> None:
    """A read-only table is accepted, and neither a table nor a list of rows is changed."""
    returns, rows, _ = _inputs(estimator, periods_per_year)
    before, given = returns.tobytes(), list(rows)
    estimator.covariances(returns, given, periods_per_year)
    if returns.tobytes() != before or given != rows:
        raise BrokenRule("it writes into its arguments")
    returns.flags.writeable = False
    estimator.covariances(returns, rows, periods_per_year)


ESTIMATOR_RULES = (
    full_windows_have_a_covariance,
    arguments_are_not_modified,
    later_dates_change_nothing,
    later_returns_change_nothing,
    other_dates_change_only_rounding,
    the_order_of_assets_does_not_matter,
    an_asset_without_returns_is_left_out,
)


def _inputs(estimator: Estimator, periods_per_year: int) -> tuple[Floats, list[int], int]:
    """Return excess returns, the rows to estimate on, and the window in rows."""
    window = max(window_rows(estimator.window, periods_per_year), 2)
    return sample_returns(window + 86), sample_rows(window), window


def _agree(found: Floats, expected: Floats, tolerance: float) -> bool:
    """Return whether entries differ by at most `tolerance` times both volatilities, with NaN in the same places."""
    if (np.isnan(found) != np.isnan(expected)).any():
        return False
    volatilities = np.sqrt(np.nan_to_num(np.diagonal(expected, axis1=1, axis2=2)))
    size = volatilities[:, :, None] * volatilities[:, None, :]
    return bool((np.abs(np.nan_to_num(found - expected)) <= tolerance * size).all())
