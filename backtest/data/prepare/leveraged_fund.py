"""Model of a leveraged fund: a multiple of the daily return of another series, less financing and expenses."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator

from backtest.data.dates.spacing import days_between, spacing_of
from backtest.data.series_spec import Name
from backtest.errors import DataError
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.day_counts import FEE_YEAR, INTEREST_YEAR

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]

MOST_LEVERAGE = 10  # largest leverage of real funds; a larger number was probably written in percent


class LeveragedFund(BaseModel):
    """Modelled asset: a fund that is reset daily to a multiple of another series.

    Definitions: docs/conventions/data.md#leveraged-funds-as-assets

    Args:
        of: series that the fund follows: an asset of the run, or a series of its source that is not held itself.
        leverage: multiple of its daily return; not 0, negative for an inverse fund, 10 in size at most.
        expense_ratio: decimal a year, from 0 to below 0.2.
        swap_spread_bps: spread over the cash return on the amount that the fund finances, basis points a year.
        class: asset class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    of: Name
    leverage: Finite
    expense_ratio: Finite = 0.0
    swap_spread_bps: Annotated[Finite, Field(ge=0, lt=10_000)] = 0.0
    asset_class: Name | None = Field(default=None, alias="class")

    @property
    def meaning(self) -> str:
        """Return a description of the fund."""
        return (
            f"model of a fund reset daily to {self.leverage:g} times the return of {self.of}: no fund's own history; "
            f"expenses {100 * self.expense_ratio:g} % a year, swap spread {self.swap_spread_bps:g} bp"
        )

    @field_validator("leverage")
    @classmethod
    def _is_a_multiple(cls, leverage: float) -> float:
        if leverage == 0:
            raise ValueError("a leverage of 0; expected a multiple of the daily return, such as 3 or -1")
        if abs(leverage) > MOST_LEVERAGE:
            raise ValueError(
                f"a leverage of {leverage:g}; expected a multiple of {MOST_LEVERAGE} or less, such as 3 or -1"
            )
        return leverage

    @field_validator("expense_ratio")
    @classmethod
    def _is_a_decimal(cls, ratio: float) -> float:
        if not 0 <= ratio < 0.2:
            raise ValueError(f"an expense ratio of {ratio:g}; expected a decimal a year, such as 0.0091 for 0.91 %")
        return ratio


def leveraged_fund_returns(
    returns: Floats,
    cash_returns: Floats,
    days: Ints,
    *,
    leverage: float,
    swap_spread: float = 0.0,
    expense_ratio: float = 0.0,
) -> Floats:
    """Return the returns of a fund whose exposure is reset to l times its value at every close.

    f = l r - (l - 1) c - s max(l - 1, -l, 0) d / 360 - e d / 365. A fund of l > 1 borrows l - 1 of its value at cash
    plus the spread s; one of l < 0 is short by swaps, has all of its value and -l more in cash, and pays s on the
    swaps' notional -l; one of 0 < l <= 1 has the rest in cash and pays no spread.

    Over several days the fund does not earn l times the return, as its value changes daily: in continuous time it grows
    by (S_T / S_0)^l exp(-(l² - l) / 2 × the variance of the path), before interest and fees. For l > 1 and for l < 0
    the second factor is a loss that grows with the variance.

    Cheng, Madhavan (2009), The Dynamics of Leveraged and Inverse Exchange-Traded Funds; Avellaneda, Zhang (2010),
    Path-Dependence of Leveraged ETF Returns.

    Args:
        returns: (T,) simple, decimal a day; NaN gives NaN.
        cash_returns: (T,) returns on cash on the same dates, decimal a day; NaN gives NaN.
        days: (T,) calendar days of each period.
        leverage: l, not 0.
        swap_spread: s, decimal a year, act/360.
        expense_ratio: e, decimal a year, act/365.

    Returns:
        (T,) decimal a day; at or below -1 the fund has lost everything.

    Raises:
        ValueError: a leverage of 0.

    Example:
        An index rises and then falls by 10 %. It loses 1 %, and a fund of twice its return loses 4 %, without costs.

        >>> nothing = np.zeros(2)
        >>> fund = leveraged_fund_returns(np.array([0.1, -0.1]), nothing, np.array([1, 1]), leverage=2.0)
        >>> float(np.prod(1 + fund)) - 1
        -0.040000000000000036
    """
    if leverage == 0:
        raise ValueError("leverage is 0; expected a multiple of the daily return")
    financed = max(leverage - 1, -leverage, 0.0)
    charged = swap_spread * financed * days / INTEREST_YEAR + expense_ratio * days / FEE_YEAR
    fund: Floats = leverage * returns - (leverage - 1) * cash_returns - charged
    return fund


def check_daily(funds: Mapping[str, LeveragedFund], dates: pd.DatetimeIndex) -> None:
    """Raise `DataError` if a fund that is reset daily follows a series on dates that are not daily."""
    if funds and not (spacing := spacing_of(dates)).is_daily:
        name, fund = next(iter(funds.items()))
        raise DataError(
            f"data.assets.{name}: a fund reset daily needs daily prices of {fund.of}; these have {spacing.rounded} "
            "periods a year. Hint: use another source, or remove data.frequency."
        )


def history(
    name: str, fund: LeveragedFund, of: tuple[Floats, Floats], cash_returns: Floats, dates: pd.DatetimeIndex
) -> tuple[Floats, Floats]:
    """Return level and returns of a fund that is reset on each date of a run.

    Args:
        name: name of the fund, for messages.
        fund: terms of the fund.
        of: prices (T,) of the series that the fund follows, NaN before the first and after the last price, and its
            returns (T,), NaN at the first price.
        cash_returns: (T,) returns on cash.
        dates: (T,) dates of the run.

    Returns:
        The level (T,), 1 on the first date with a price; the returns (T,), the first of them on the next date.

    Raises:
        DataError: the fund loses everything on one of the dates.
    """
    prices, returns = of
    has_price = ~np.isnan(prices)
    terms = {"leverage": fund.leverage, "swap_spread": fund.swap_spread_bps / 1e4, "expense_ratio": fund.expense_ratio}
    earned = leveraged_fund_returns(returns, cash_returns, days_between(dates), **terms)
    lost = np.flatnonzero((fund.leverage * returns <= -1) | (earned <= -1))
    if lost.size:
        row = int(lost[0])
        raise DataError(
            f"data.assets.{name}: a fund of {fund.leverage:g} times {fund.of} loses everything on "
            f"{dates[row]:%Y-%m-%d}, on a return of {100 * returns[row]:.2f} %. Hint: less leverage, or other dates."
        )
    level = np.where(has_price, np.cumprod(1 + np.nan_to_num(earned)), np.nan)
    return level, earned
