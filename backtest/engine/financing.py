"""How exposure is financed: the section `financing:`, of one of three kinds.

On margin what exceeds NAV is borrowed. Futures borrow inside their price, at the rate it implies. A leveraged fund
borrows for its holders, and pays for that and itself before they see its price. Interest accrues by actual days over
360 on the opening balances of a period. Rates are in basis points a year.
"""

from itertools import pairwise
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from backtest.engine.rates import (
    BasisPoints,
    PerAsset,
    PerAssetRequirement,
    SignedBasisPoints,
    SignedSchedule,
)

_Given = TypeVar("_Given", SignedBasisPoints | SignedSchedule, SignedBasisPoints | dict[str, SignedBasisPoints])

FUNDING_BASIS_OF_TREASURIES = 58.7
"""Basis points: the mean of 1991 to 2018 in Treasury futures (Fleckenstein, Longstaff 2020)."""


def _tiers_rise(tiers: dict[float, float]) -> dict[float, float]:
    sizes = list(tiers)
    if not sizes or sizes[0] != 0:
        raise ValueError("expected the first tier at 0: what the smallest loan pays")
    for smaller, larger in pairwise(sizes):
        if not larger > smaller:
            raise ValueError(f"{larger:g} stands after {smaller:g}; expected rising sizes of the loan")
    return tiers


Tiers = Annotated[dict[float, BasisPoints], AfterValidator(_tiers_rise)]


class _Requirements(BaseModel):
    """Margin: what NAV has to be of the positions.

    Args:
        initial_margin: at a trade; a target that asks for more is scaled down. A fraction of each position's size; one
            number, or by asset or class; none: there is no limit.
        maintenance_margin: at every close; below it positions are sold. At most the initial one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    initial_margin: PerAssetRequirement | None = None
    maintenance_margin: PerAssetRequirement | None = None

    @field_validator("maintenance_margin")
    @classmethod
    def _at_most_initial(cls, given: PerAssetRequirement | None, info: ValidationInfo) -> PerAssetRequirement | None:
        initial = info.data.get("initial_margin")
        if given is None or initial is None:
            return given
        both = _pairs(given, initial)
        for name, maintenance, other in both:
            if maintenance > other:
                of = f" of {name}" if name else ""
                raise ValueError(f"{maintenance:g}{of} is above the initial margin of {other:g}; expected at most that")
        return given


def _pairs(one: PerAssetRequirement, other: PerAssetRequirement) -> list[tuple[str, float, float]]:
    """What both say of the same names."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [(name, one[name], other[name]) for name in one if name in other]
    if isinstance(one, dict) and not isinstance(other, dict):
        return [(name, value, other) for name, value in one.items()]
    if isinstance(other, dict) and not isinstance(one, dict):
        return [(name, one, value) for name, value in other.items()]
    return [("", one, other)] if isinstance(one, float) and isinstance(other, float) else []


class Margin(_Requirements):
    """A margin loan: it pays the cash return, or that of `data.loan_rate`, and a spread.

    Args:
        allow_negative_spread: whether a spread below zero is meant.
        spread_bps: on the loan; one number, or from each date on.
        tiers: instead, by size of the loan in the currency of `initial_capital`: what the part above each size pays.
        cash_spread_bps: under the cash return, on free cash.
        rebate_spread_bps: under the cash return, on the proceeds of shorts.
        borrow_fee_bps: on the value of shorts; one number, or by asset or class.
    """

    kind: Literal["margin"] = "margin"
    allow_negative_spread: bool = False
    spread_bps: SignedBasisPoints | SignedSchedule = 0.0
    tiers: Tiers | None = None
    cash_spread_bps: BasisPoints = 0.0
    rebate_spread_bps: BasisPoints = 0.0
    borrow_fee_bps: PerAsset = 0.0

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


class Futures(_Requirements):
    """Futures: positions are notionals that pay the implied rate, the cash return and a basis; NAV is in bills.

    Args:
        allow_negative_spread: whether a basis below zero is meant.
        basis_bps: over the cash return; one number, or by asset or class, 0 for those left out.
        roll_bps: cost of rolling, on the size of notionals; one number, or by asset or class.
        cash_spread_bps: under the cash return, on NAV.
    """

    kind: Literal["futures"]
    allow_negative_spread: bool = False
    basis_bps: SignedBasisPoints | dict[str, SignedBasisPoints] = Field(
        default_factory=lambda: {"bonds": FUNDING_BASIS_OF_TREASURIES}
    )
    roll_bps: PerAsset = 0.0
    cash_spread_bps: BasisPoints = 0.0

    @field_validator("basis_bps")
    @classmethod
    def _negative_is_said(
        cls, given: SignedBasisPoints | dict[str, SignedBasisPoints], info: ValidationInfo
    ) -> SignedBasisPoints | dict[str, SignedBasisPoints]:
        return _said(given, info)


class LeveragedFund(BaseModel):
    """Each exposure is held through a fund that is reset daily to `leverage` times its asset.

    Args:
        leverage: of the fund; below zero for an inverse one.
        swap_spread_bps: over the cash return, on what the fund borrows.
        expense_ratio_bps: of the fund's value.
        cash_spread_bps: under the cash return, on free cash.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["leveraged_fund"]
    leverage: Annotated[float, Field(ge=-10, le=10, strict=True)]
    swap_spread_bps: BasisPoints = 0.0
    expense_ratio_bps: BasisPoints = 0.0
    cash_spread_bps: BasisPoints = 0.0

    @field_validator("leverage")
    @classmethod
    def _is_there(cls, leverage: float) -> float:
        if leverage == 0:
            raise ValueError("a fund of leverage 0 holds nothing; expected such as 2, 3 or -1")
        return leverage


Financing = Annotated[Margin | Futures | LeveragedFund, Field(discriminator="kind")]


def _said(given: _Given, info: ValidationInfo) -> _Given:
    """A spread, if it is above zero or meant to be below."""
    values = given.values() if isinstance(given, dict) else [given]
    if min(values, default=0.0) < 0 and not info.data.get("allow_negative_spread"):
        raise ValueError(
            f"{min(values):g} is below zero: the loan would pay less than cash. "
            "Hint: allow_negative_spread: true, if that is meant"
        )
    return given
