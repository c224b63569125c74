"""Financing settings: the section `financing:`, which has three kinds.

On margin, exposure above NAV is borrowed. Futures borrow inside their price, at the rate that the price implies. A
leveraged fund borrows for its holders and charges interest and expenses inside its price. Interest accrues by act/360
on the opening balances of a period. Rates are in basis points per year.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backtest.data.prepare.leveraged_fund import MOST_LEVERAGE
from backtest.engine.settings.rate_schedule import (
    BasisPoints,
    PerAsset,
    PerAssetRequirement,
    SignedBasisPoints,
    SignedSchedule,
    by_asset,
)
from backtest.errors import ConfigError
from backtest.numerics.arrays import Floats

_Given = TypeVar("_Given", SignedBasisPoints | SignedSchedule, SignedBasisPoints | dict[str, SignedBasisPoints])

FUNDING_BASIS_OF_TREASURIES = 58.7
"""Basis points; the mean in Treasury futures, 1991 to 2018 (Fleckenstein and Longstaff 2020)."""


_EXAMPLE = "{0: 150, 100000: 100}"


def _one_for_each_size(given: Any) -> Any:
    if not isinstance(given, Mapping):
        raise PydanticCustomError("tiers_type", "loan sizes with spreads, such as {tiers}", {"tiers": _EXAMPLE})
    return given


def _tiers_rise(tiers: dict[float, float]) -> dict[float, float]:
    sizes = list(tiers)
    if not sizes:
        raise ValueError(f"empty; expected loan sizes with spreads, such as {_EXAMPLE}")
    if sizes[0] != 0:
        raise ValueError(f"the first size is {sizes[0]:g}; expected 0, for the spread of the smallest loan")
    for smaller, larger in pairwise(sizes):
        if not larger > smaller:
            raise ValueError(f"{larger:g} comes after {smaller:g}; expected rising loan sizes")
    return tiers


_Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Tiers = Annotated[dict[_Size, BasisPoints], BeforeValidator(_one_for_each_size), AfterValidator(_tiers_rise)]


class Margin(BaseModel):
    """Margin loan at the cash return, or at `data.loan_rate`, plus a spread.

    Definitions: docs/conventions/financing.md#margin-loans

    Args:
        kind: name of the kind of financing, margin, the default.
        allow_negative_spread: whether negative spreads are allowed.
        spread_bps: spread on the loan; one number, or from each date on.
        tiers: replaces `spread_bps`: loan sizes in the currency of `initial_capital`, and the spread on the part of
            the loan above each size.
        cash_spread_bps: below the cash return, on free cash.
        rebate_spread_bps: spread below the cash return, on short-sale proceeds.
        borrow_fee_bps: fee on the value of shorts; one number, or by asset or class (omitted assets pay 0).
        initial_margin: NAV required at a trade, as a fraction of the size of positions; one number, or by asset or
            class. A target that requires more is scaled down. Default: the maintenance margin, or no limit.
        maintenance_margin: NAV required at every close, as a fraction of the size of positions; positions are sold
            below it. At most the initial margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["margin"] = "margin"
    allow_negative_spread: bool = False
    spread_bps: SignedBasisPoints | SignedSchedule = 0.0
    tiers: Tiers | None = None
    cash_spread_bps: BasisPoints = 0.0
    rebate_spread_bps: BasisPoints = 0.0
    borrow_fee_bps: PerAsset = 0.0
    initial_margin: PerAssetRequirement | None = None
    maintenance_margin: PerAssetRequirement | None = None

    @field_validator("spread_bps")
    @classmethod
    def _negative_only_if_allowed(
        cls, given: SignedBasisPoints | SignedSchedule, info: ValidationInfo
    ) -> SignedBasisPoints | SignedSchedule:
        return _check_sign(given, info)

    @field_validator("tiers")
    @classmethod
    def _instead_of_spread(cls, tiers: Tiers | None, info: ValidationInfo) -> Tiers | None:
        if tiers is not None and info.data.get("spread_bps", 0.0) != 0.0:
            raise ValueError("given together with spread_bps; expected only one of the two")
        return tiers


class Futures(BaseModel):
    """Futures: positions are notionals that pay the cash return and a basis; NAV is held in bills.

    Definitions: docs/conventions/financing.md#futures

    Args:
        kind: name of the kind of financing, futures.
        allow_negative_spread: whether a negative basis is allowed.
        basis_bps: implied rate above the cash return; one number, or by asset or class (omitted assets pay 0).
        roll_bps: cost of rolling, on the size of notionals; one number, or by asset or class.
        cash_spread_bps: spread below the cash return, on NAV.
        initial_margin: NAV required at a trade, as a fraction of the size of notionals; see `Margin`.
        maintenance_margin: NAV required at every close; a margin call sells down to the initial margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["futures"]
    allow_negative_spread: bool = False
    basis_bps: SignedBasisPoints | dict[str, SignedBasisPoints] = Field(
        default_factory=lambda: {"bonds": FUNDING_BASIS_OF_TREASURIES}
    )
    roll_bps: PerAsset = 0.0
    cash_spread_bps: BasisPoints = 0.0
    initial_margin: PerAssetRequirement | None = None
    maintenance_margin: PerAssetRequirement | None = None

    @field_validator("basis_bps")
    @classmethod
    def _negative_only_if_allowed(
        cls, given: SignedBasisPoints | dict[str, SignedBasisPoints], info: ValidationInfo
    ) -> SignedBasisPoints | dict[str, SignedBasisPoints]:
        return _check_sign(given, info)


class LeveragedFund(BaseModel):
    """Leveraged funds: each exposure is held through a fund that is reset daily to `leverage` times its asset.

    Definitions: docs/conventions/financing.md#leveraged-funds

    Args:
        kind: name of the kind of financing, leveraged_fund.
        leverage: leverage of the fund; negative for an inverse fund.
        swap_spread_bps: spread above the cash return, on the amount that the fund borrows.
        expense_ratio_bps: fee on the fund's value.
        cash_spread_bps: below the cash return, on free cash.
        borrow_fee_bps: fee on the value of funds sold short; one number, or by asset or class (omitted assets pay 0).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["leveraged_fund"]
    leverage: Annotated[float, Field(ge=-MOST_LEVERAGE, le=MOST_LEVERAGE, strict=True)]
    swap_spread_bps: BasisPoints = 0.0
    expense_ratio_bps: BasisPoints = 0.0
    cash_spread_bps: BasisPoints = 0.0
    borrow_fee_bps: PerAsset = 0.0

    @field_validator("leverage")
    @classmethod
    def _is_not_zero(cls, leverage: float) -> float:
        if leverage == 0:
            raise ValueError("a fund of leverage 0 holds nothing; expected a multiple such as 3 or -1")
        return leverage


Financing = Annotated[Margin | Futures | LeveragedFund, Field(discriminator="kind")]


def _check_sign(given: _Given, info: ValidationInfo) -> _Given:
    """Return a spread unchanged if it is not negative, or if negative spreads are allowed."""
    values = given.values() if isinstance(given, dict) else [given]
    if min(values, default=0.0) < 0 and not info.data.get("allow_negative_spread"):
        raise ValueError(
            f"{min(values):g} is negative: borrowing would cost less than the cash return. "
            "Hint: set allow_negative_spread: true if that is intended"
        )
    return given


def margin_requirements(
    financing: Margin | Futures, assets: tuple[str, ...], classes: Mapping[str, str]
) -> tuple[Floats | None, Floats | None]:
    """Return the initial and the maintenance margin by asset, (n,) each; None where a requirement is not set.

    The initial margin defaults to the maintenance margin.

    Raises:
        ConfigError: a requirement is set for some assets only, or a maintenance margin is above its initial margin.
    """
    initial, maintenance = (
        None if given is None else by_asset(given, assets, classes, f"financing.{name}")
        for name, given in (
            ("initial_margin", financing.initial_margin),
            ("maintenance_margin", financing.maintenance_margin),
        )
    )
    if initial is None:  # a target below the maintenance margin would be sold at once
        return maintenance, maintenance
    if maintenance is not None and (maintenance > initial).any():
        i = int(np.argmax(maintenance - initial))
        raise ConfigError(
            f"financing.maintenance_margin: {maintenance[i]:g} of {assets[i]} is above its initial margin of "
            f"{initial[i]:g}; expected at most that"
        )
    return initial, maintenance


def spot_in_futures(spot: Sequence[str]) -> str:
    """Return the error text for assets with spot prices under `kind: futures`."""
    return (
        f"{', '.join(spot)} {'is a spot price' if len(spot) == 1 else 'are spot prices'}, whose return above the cash "
        "return is not the return of a future: futures have a roll yield and no storage costs. "
        "Hint: remove it, use a futures index instead, or set kind: margin"
    )


IMPACT_OF_FUNDS = (
    "the impact of trading a fund's shares falls on the fund's own trades, which are not modelled. "
    "Hint: remove it, or set financing.kind: margin or futures"
)
"""Error text for `costs.impact` with leveraged funds."""


def not_daily(periods_per_year: int) -> str:
    """Return the error text for a leveraged fund on data that is not daily."""
    return f"a leveraged fund is reset daily, and the data has {periods_per_year} periods a year; expected daily data"
