"""Total return of a par bond of constant maturity, from its yields."""

from dataclasses import replace
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field

from backtest.data.raw_series import INCOME_UNKNOWN, YIELD_ALONE, RawSeries
from backtest.errors import DataError
from backtest.numerics.arrays import Floats

_LARGEST = 1.0  # decimal a year; a larger yield was probably given as a decimal and divided by 100, or in basis points
_LOOKS_DECIMAL = 0.003  # no yield above this: percent that were decimals already, or a country with a rate of zero


def _whole_coupons(years: float) -> float:
    if not (2 * years).is_integer():
        raise ValueError(f"got {years:g}, expected years, whole or half, as coupons are paid twice a year")
    return years


Maturity = Annotated[float, Field(ge=0.5, le=100, allow_inf_nan=False), AfterValidator(_whole_coupons)]
"""Maturity of a bond in years, with a coupon each half-year."""


def as_par_bond(raw: RawSeries, maturity: float) -> RawSeries:
    """Return the total-return level of a par bond that is replaced at each yield of a series.

    Args:
        raw: yields: a rate, or levels, which are read as percent a year.
        maturity: years to maturity of the bond.

    Raises:
        DataError: the series holds closes or returns, fewer than two yields, or a yield that no bond can have.

    >>> dates = pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-03-31"], name="date")
    >>> yields = RawSeries(pd.DataFrame({"level": [4.0, 4.1, 4.1]}, index=dates), "yields", "levels")
    >>> as_par_bond(yields, 10).values["level"].round(4).tolist()
    [1.0, 0.9952, 0.9986]
    """
    if raw.kind not in ("rate", "levels"):
        raise DataError(f"{raw.label}: {raw.kind}, not yields; expected yields in percent. Hint: remove `as`.")
    percent = raw.kind == "levels"
    yields = raw.values.iloc[:, 0].dropna() / (100 if percent else 1)
    if len(yields) < 2:
        raise DataError(f"{raw.label}: {len(yields)} yields; expected two or more for the return of a bond")
    lowest, highest = float(yields.min()), float(yields.max())
    if not (lowest > -_LARGEST and highest < _LARGEST):
        raise DataError(
            f"{raw.label}: yields from {100 * lowest:g} % to {100 * highest:g} % a year; expected yields below 100 %. "
            "Hint: yields are read as percent a year; check the unit."
        )
    dates = pd.DatetimeIndex(yields.index)
    growth = 1 + par_bond_returns(yields.to_numpy(dtype=float), _years(dates), maturity)
    level = pd.DataFrame({"level": np.append(1.0, np.cumprod(growth))}, index=dates)
    doubt = ". Are they decimals? They are read as percent" if percent and highest < _LOOKS_DECIMAL else ""
    model = f"par bond of {maturity:g} years, modelled from its yield"
    note = f"{model}, {100 * lowest:.2f} % to {100 * highest:.2f} % a year{doubt}"
    kept = tuple(note for note in raw.notes if note not in (INCOME_UNKNOWN, YIELD_ALONE))
    return replace(
        raw, values=level, kind="levels", rate=None, places=(), notes=(note, *kept), facts={**raw.facts, "model": model}
    )


def par_bond_returns(yields: Floats, years: Floats, maturity: float) -> Floats:
    """Return the total returns of par bonds of one maturity, each held from one yield to the next.

    A bond with coupons each half-year is bought at par at the yield y0 of the previous date, so its coupon is y0. After
    h years it is priced at the new yield y1, including accrued interest, sold, and replaced by a new par bond:

        1 + r = sum over k = 1..2m of (y0 / 2) (1 + y1 / 2)^-(k - 2h)  +  (1 + y1 / 2)^-(2m - 2h)

    At an unchanged yield this is (1 + y / 2)^2h. The bond is priced at the yield of the whole maturity, although h has
    passed, so it earns nothing by rolling down the curve. Costs are left out.

    Swinkels (2019), Treasury Bond Return Data Starting in 1962, approximates the same return to second order.

    Args:
        yields: (T,) decimal a year, compounded twice a year, above -2; NaN gives NaN.
        years: (T - 1,) h of each period.
        maturity: m, years; a multiple of one half.

    Returns:
        (T - 1,) simple returns, decimal per period.

    A fall of the yield from 5 % to 4 % in no time is the price of a 5 % bond at 4 %:

    >>> par_bond_returns(np.array([0.05, 0.04]), np.array([0.0]), 10).round(6).tolist()
    [0.081757]
    """
    before, now = yields[:-1, None], yields[1:, None]
    coupons = np.arange(1, round(2 * maturity) + 1)
    discount = (1 + now / 2) ** (2 * years[:, None] - coupons)
    returns: Floats = (before / 2 * discount).sum(axis=1) + discount[:, -1] - 1
    return returns


def _years(dates: pd.DatetimeIndex) -> Floats:
    """Return the years between dates: twelfths if all dates are ends of months, else days / 365.25."""
    if dates.is_month_end.all():
        months: Floats = np.diff(12 * dates.year + dates.month) / 12
        return months
    days: Floats = np.diff(dates.to_numpy().astype("datetime64[D]")).astype(float) / 365.25
    return days
