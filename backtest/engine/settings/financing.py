"""How exposure is financed: the section `financing:`, of one of three kinds.

On margin what exceeds NAV is borrowed. Futures borrow inside their price, at the rate it implies. A leveraged fund
borrows for its holders, and pays for that and itself before they see its price. Interest accrues by actual days over
360 on the opening balances of a period. Rates are in basis points a year.
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
"""Basis points: the mean of 1991 to 2018 in Treasury futures (Fleckenstein, Longstaff 2020)."""


_EXAMPLE = "{0: 150, 100000: 100}"


def _one_for_each_size(given: Any) -> Any:
    if not isinstance(given, Mapping):
        raise PydanticCustomError("tiers_type", "sizes of the loan with spreads, such as {tiers}", {"tiers": _EXAMPLE})
    return given


def _tiers_rise(tiers: dict[float, float]) -> dict[float, float]:
    sizes = list(tiers)
    if not sizes:
        raise ValueError(f"empty; expected sizes of the loan with spreads, such as {_EXAMPLE}")
    if sizes[0] != 0:
        raise ValueError(f"the first stands at {sizes[0]:g}; expected it at 0, for what the smallest loan pays")
    for smaller, larger in pairwise(sizes):
        if not larger > smaller:
            raise ValueError(f"{larger:g} stands after {smaller:g}; expected rising sizes of the loan")
    return tiers


_Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Tiers = Annotated[dict[_Size, BasisPoints], BeforeValidator(_one_for_each_size), AfterValidator(_tiers_rise)]


class Margin(BaseModel):
    """A margin loan: it pays the cash return, or that of `data.loan_rate`, and a spread.

    Definitions: docs/conventions/financing.md#margin-loans

    Args:
        allow_negative_spread: whether a spread below zero is meant.
        spread_bps: on the loan; one number, or from each date on.
        tiers: instead, by size of the loan in the currency of `initial_capital`: what the part above each size pays.
        cash_spread_bps: under the cash return, on free cash.
        rebate_spread_bps: under the cash return, on the proceeds of shorts.
        borrow_fee_bps: on the value of shorts; one number, or by asset or class, 0 for those left out.
        initial_margin: what NAV has to be of the size of positions at a trade, a fraction; one number, or by asset or
            class. A target that asks for more is scaled down; by default the maintenance margin, or no limit.
        maintenance_margin: likewise at every close; below it positions are sold. At most the initial margin.
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
    def _negative_is_said(
        cls, given: SignedBasisPoints | SignedSchedule, info: ValidationInfo
    ) -> SignedBasisPoints | SignedSchedule:
        return _said(given, info)

    @field_validator("tiers")
    @classmethod
    def _instead_of_spread(cls, tiers: Tiers | None, info: ValidationInfo) -> Tiers | None:
        if tiers is not None and info.data.get("spread_bps", 0.0) != 0.0:
            raise ValueError("stand beside spread_bps; expected one of the two")
        return tiers


class Futures(BaseModel):
    """Futures: positions are notionals that pay the implied rate, the cash return and a basis; NAV is in bills.

    Definitions: docs/conventions/financing.md#futures

    Args:
        allow_negative_spread: whether a basis below zero is meant.
        basis_bps: over the cash return; one number, or by asset or class, 0 for those left out.
        roll_bps: cost of rolling, on the size of notionals; one number, or by asset or class.
        cash_spread_bps: under the cash return, on NAV.
        initial_margin: of the size of notionals, as of a margin loan.
        maintenance_margin: likewise; a call sells down to the initial margin.
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
    def _negative_is_said(
        cls, given: SignedBasisPoints | dict[str, SignedBasisPoints], info: ValidationInfo
    ) -> SignedBasisPoints | dict[str, SignedBasisPoints]:
        return _said(given, info)


class LeveragedFund(BaseModel):
    """Each exposure is held through a fund that is reset daily to `leverage` times its asset.

    Definitions: docs/conventions/financing.md#leveraged-funds

    Args:
        leverage: of the fund; below zero for an inverse one.
        swap_spread_bps: over the cash return, on what the fund borrows.
        expense_ratio_bps: of the fund's value.
        cash_spread_bps: under the cash return, on free cash.
        borrow_fee_bps: on the value of a fund that is sold short; one number, or by asset or class, 0 for those left
            out.
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
    def _is_there(cls, leverage: float) -> float:
        if leverage == 0:
            raise ValueError("a fund of leverage 0 holds nothing; expected a multiple such as 3 or -1")
        return leverage


Financing = Annotated[Margin | Futures | LeveragedFund, Field(discriminator="kind")]


def _said(given: _Given, info: ValidationInfo) -> _Given:
    """A spread, if it is above zero or meant to be below."""
    values = given.values() if isinstance(given, dict) else [given]
    if min(values, default=0.0) < 0 and not info.data.get("allow_negative_spread"):
        raise ValueError(
            f"{min(values):g} is below zero: what is borrowed would cost less than the cash return. "
            "Hint: allow_negative_spread: true, if that is meant"
        )
    return given


def margin_requirements(
    financing: Margin | Futures, assets: tuple[str, ...], classes: Mapping[str, str]
) -> tuple[Floats | None, Floats | None]:
    """By asset, (n,) each: the initial margin, by default the maintenance one, and the maintenance margin.

    Raises:
        ConfigError: an asset has none of one that is given, or a maintenance margin above its initial margin.
    """
    initial, maintenance = (
        None if given is None else by_asset(given, assets, classes, f"financing.{name}")
        for name, given in (
            ("initial_margin", financing.initial_margin),
            ("maintenance_margin", financing.maintenance_margin),
        )
    )
    if initial is None:  # what is below the maintenance margin cannot be traded to
        return maintenance, maintenance
    if maintenance is not None and (maintenance > initial).any():
        i = int(np.argmax(maintenance - initial))
        raise ConfigError(
            f"financing.maintenance_margin: {maintenance[i]:g} of {assets[i]} is above its initial margin of "
            f"{initial[i]:g}; expected at most that"
        )
    return initial, maintenance


def spot_in_futures(spot: Sequence[str]) -> str:
    """What to say of assets whose prices are those of a spot market, under `futures`."""
    return (
        f"{', '.join(spot)} {'is a spot price' if len(spot) == 1 else 'are spot prices'}, whose return less the cash "
        "return is not that of a future: no roll yield, no storage. "
        "Hint: leave it out, take a futures index instead, or kind: margin"
    )


IMPACT_OF_FUNDS = (
    "the impact of trading a fund's shares is on what the fund trades for it, which is not modelled. "
    "Hint: leave it out with kind: leveraged_fund, or kind: margin or futures"
)
"""What to say of `costs.impact` where exposures are held through leveraged funds."""


def not_daily(periods_per_year: int) -> str:
    """What to say of a leveraged fund on other data than daily."""
    return f"a leveraged fund is reset daily, and the data has {periods_per_year} periods a year; expected daily data"
