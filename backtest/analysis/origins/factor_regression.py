"""Regression of a run's returns on factors: loadings, alpha, and errors that allow for serial correlation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from backtest.analysis.origins.regime_labels import YEAR, by_month, class_returns
from backtest.analysis.run_record import RunRecord
from backtest.analysis.uncertainty.batches import FEWEST
from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.analysis.uncertainty.least_squares import newey_west, usual_lags
from backtest.analysis.uncertainty.long_run import half_width, two_sided
from backtest.errors import DataError
from backtest.numerics.arrays import Floats

ALPHA = "alpha"
WINDOW = 36  # months of a rolling regression
_SINGULAR = 1e-10  # of the largest singular value, of factors scaled to unit length


@dataclass(frozen=True, eq=False)
class Factors:
    """Regression of monthly returns above cash on factors, by ordinary least squares with a constant.

    Args:
        loadings: by `alpha` and factor: `value` and its Newey-West `error`, `t` and `p_value` by Student's t, the ends
            `low` and `high` of the 95 % interval, NaN for an exact fit, and `contribution` to the mean return above
            cash. Decimal; alpha and contributions are per year, and the contributions add up to the mean.
        r_squared: share of the variance that the factors explain; NaN for a return without variance.
        months: number of months.
        lags: lags of the errors, 4 (M / 100)^(2/9) rounded down.
        excess: (M,) the returns above cash.
        factors: (M, k) the returns of the factors in the same months.
    """

    loadings: pd.DataFrame
    r_squared: float
    months: int
    lags: int
    excess: pd.Series
    factors: pd.DataFrame

    @cached_property
    def rolling(self) -> pd.DataFrame:
        """(m, k + 1) the values over the 36 months up to each month's end; NaN where factors are collinear."""
        y, design = self.excess.to_numpy(), _design(self.factors)
        values = pd.DataFrame(_rolling(y, design), self.excess.index, list(self.loadings.index)).iloc[WINDOW - 1 :]
        values[ALPHA] *= YEAR
        return values

    @property
    def sentence(self) -> str:
        """Alpha with its interval, and the factor with the clearest loading, in words."""
        rows = self.loadings.to_dict("index")
        alpha, *others = rows.values()
        digits = 1 if alpha["high"] - alpha["low"] > 0.001 else 2
        value, low, high = (f"{alpha[part]:z.{digits}%}" for part in ("value", "low", "high"))
        verdict = "may be chance" if alpha["low"] <= 0 <= alpha["high"] else "is more than chance"
        sure = f"between {low} and {high} with 95% confidence, and {verdict}"
        if np.isnan(alpha["error"]):
            sure = "and the factors explain every month"
        sizes = [abs(row["t"] if np.isfinite(row["t"]) else row["value"]) for row in others]
        name = list(rows)[1 + int(np.argmax(sizes))]
        return (
            f"The factors explain {self.r_squared:.0%} of the variance of {self.months} months, most clearly {name} "
            f"(loading {rows[name]['value']:.2f}). Alpha is {value} a year, {sure}."
        )


def factors_of(record: RunRecord, factors: pd.DataFrame | None = None) -> Factors:
    """Return the regression of a run on factors.

    Args:
        record: a run with a period of a month or less.
        factors: (·, k) returns by date, decimal per period of a month or less: differences of two investments, or
            returns above cash, such as the factors of Fama and French. Default: the mean returns of the run's own asset
            classes above cash, which say what the holdings were.

    Raises:
        DataError: the periods are too long, the factors are not decimals by date or are collinear, or there are fewer
            than 24 common months, or fewer than 10 for each factor.

    Example:
        >>> import backtest as bt
        >>> found = bt.run("configs/erc.yaml").factors()
        >>> found.loadings["value"].round(2).to_dict()
        {'alpha': -0.0, 'equities': 0.19, 'bonds': 0.5, 'commodities': 0.24}
    """
    if record.periods_per_year < YEAR:
        raise DataError(f"factors: the run has {record.periods_per_year} periods a year; expected {YEAR} or more")
    returns = by_month(pd.DataFrame({"total": record.returns, "cash": record.cash_returns.iloc[1:]}))
    excess = returns["total"] - returns["cash"]
    known = _of_classes(record, returns["cash"]) if factors is None else by_month(_checked(factors))
    known = known.reindex(excess.index)
    common = (known.notna().all(axis=1) & excess.notna()).to_numpy()
    least = max(FEWEST, 10 * known.shape[1])
    if common.sum() < least:
        raise DataError(
            f"factors: {common.sum()} months have a return of the run and of each factor; expected {least} or more"
        )
    names = [ALPHA, *map(str, known.columns)]
    y, design = excess[common].to_numpy(), _design(known[common])
    if not _has_full_rank(design):
        raise DataError(
            f"factors: {', '.join(names[1:])} are constant or collinear over the common months; expected factors of "
            "which none follows from the others"
        )
    lags = usual_lags(len(y))
    values, errors = newey_west(y, design, lags)
    spread = float(((y - y.mean()) ** 2).sum())
    explained = 1 - float(((y - design @ values) ** 2).sum()) / spread if spread > 0 else np.nan
    table = _table(names, values, errors, design)
    return Factors(table, explained, len(y), lags, excess[common], known[common])


def _table(names: Sequence[str], values: Floats, errors: Floats, design: Floats) -> pd.DataFrame:
    freedom = len(design) - len(names)
    scale = np.where(np.arange(len(names)) == 0, YEAR, 1)
    scores = np.divide(values, errors, out=np.full(len(names), np.nan), where=errors > 0)
    width = half_width(LEVEL, freedom) * errors
    columns = {
        "value": values * scale,
        "error": errors * scale,
        "t": scores,
        "p_value": [two_sided(score, freedom) for score in scores],
        "low": (values - width) * scale,
        "high": (values + width) * scale,
        "contribution": YEAR * values * design.mean(axis=0),
    }
    return pd.DataFrame(columns, index=list(names))


def _design(factors: pd.DataFrame) -> Floats:
    return np.column_stack([np.ones(len(factors)), factors.to_numpy()])


def _rolling(y: Floats, design: Floats) -> Floats:
    """Return (T, k) coefficients over the window up to each month."""
    found = np.full(design.shape, np.nan)
    for end in range(WINDOW, len(y) + 1):
        part = slice(end - WINDOW, end)
        if _has_full_rank(design[part]):
            found[end - 1] = np.linalg.lstsq(design[part], y[part], rcond=None)[0]
    return found


def _has_full_rank(design: Floats) -> bool:
    """Return whether no regressor follows from the others, the constant included."""
    centred = design[:, 1:] - design[:, 1:].mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    sizes = np.linalg.norm(design[:, 1:], axis=0)
    if (lengths <= _SINGULAR * np.maximum(sizes, 1e-300)).any():
        return False
    singular = np.linalg.svd(centred / lengths, compute_uv=False)
    return bool(singular.size == 0 or singular[-1] > _SINGULAR * singular[0])


def _of_classes(record: RunRecord, cash: pd.Series) -> pd.DataFrame:
    """Return the monthly returns of a run's asset classes above cash; an asset without a class is one."""
    classes = dict.fromkeys(record.classes[asset] for asset in record.assets if asset in record.classes)
    found = {name: class_returns(record, name) - cash for name in classes}
    assets = by_month(record.asset_returns.iloc[1:])
    found |= {asset: assets[asset] - cash for asset in record.assets if asset not in record.classes}
    return pd.DataFrame(found)


def _checked(factors: pd.DataFrame) -> pd.DataFrame:
    """Return factors of a user as floats, if they are decimals by date."""
    if not isinstance(factors, pd.DataFrame) or not isinstance(factors.index, pd.DatetimeIndex) or factors.empty:
        raise DataError("factors: expected a pandas DataFrame with a column for each factor and dates as its index")
    if factors.index.tz is not None or not factors.index.is_unique or not factors.columns.is_unique:
        raise DataError("factors: expected one row for each date, without a time zone, and columns of different names")
    if ALPHA in factors.columns:
        raise DataError(f"factors: a factor is named {ALPHA}, as the constant is; expected another name")
    try:
        numbers = factors.astype(float).sort_index()
    except (TypeError, ValueError) as problem:
        raise DataError(f"factors: {problem}; expected numbers") from problem
    largest = numbers.abs().max()
    if (largest >= 1).any():
        name = str(largest.idxmax())
        raise DataError(
            f"factors: {name} has a return of {largest.max():.4g}, expected decimals below 1 such as 0.0432. "
            "Hint: divide returns in percent by 100."
        )
    return numbers
