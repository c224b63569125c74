"""What holding and trading cost: the sections `costs:`, `financing:` and `fees:`, and `Terms`, their sum in arrays.

Rates are per year here and in the configuration, in basis points; inside, decimals.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Array = NDArray[np.float64]
BasisPoints = Annotated[float, Field(ge=0, lt=10_000, allow_inf_nan=False, strict=True)]
PerAsset = BasisPoints | dict[str, BasisPoints]


class TradingCosts(BaseModel):
    """Proportional trading costs.

    Args:
        trading_bps: of the traded value; one number, or one for each asset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trading_bps: PerAsset = 0.0


class FinancingTerms(BaseModel):
    """What is paid on loans and shorts, and earned on cash. All accrue by actual days over 360.

    Args:
        spread_bps: over the cash return, on the loan.
        cash_spread_bps: under the cash return, on free cash.
        borrow_fee_bps: on the value of short positions, whose proceeds earn the cash return; one number, or one for
            each asset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spread_bps: BasisPoints = 0.0
    cash_spread_bps: BasisPoints = 0.0
    borrow_fee_bps: PerAsset = 0.0


class Fees(BaseModel):
    """Fees by actual days over 365.

    Args:
        management_bps: of NAV.
        expense_ratio_bps: of the value of each position, as a fund's expenses; one number, or one per asset. A short
            position earns it, as the fund's price falls by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    management_bps: BasisPoints = 0.0
    expense_ratio_bps: PerAsset = 0.0


class Terms(NamedTuple):
    """All terms of a run as decimals: (n,) arrays by asset, numbers per year.

    Args:
        trading_cost: (n,) fraction of the traded value.
        spread: over cash on loans, act/360.
        cash_spread: under cash on free cash, act/360.
        borrow_fee: (n,) on the value of shorts, act/360.
        expense_ratio: (n,) on the value of positions, act/365.
        management_fee: on NAV, act/365.
    """

    trading_cost: Array
    spread: float
    cash_spread: float
    borrow_fee: Array
    expense_ratio: Array
    management_fee: float

    @classmethod
    def of(cls, costs: TradingCosts, financing: FinancingTerms, fees: Fees, assets: tuple[str, ...]) -> "Terms":
        """The terms of a run over these assets."""
        return cls(
            trading_cost=_by_asset(costs.trading_bps, assets),
            spread=financing.spread_bps / 1e4,
            cash_spread=financing.cash_spread_bps / 1e4,
            borrow_fee=_by_asset(financing.borrow_fee_bps, assets),
            expense_ratio=_by_asset(fees.expense_ratio_bps, assets),
            management_fee=fees.management_bps / 1e4,
        )


def _by_asset(bps: float | Mapping[str, float], assets: tuple[str, ...]) -> Array:
    if isinstance(bps, Mapping):
        return np.array([bps[name] for name in assets]) / 1e4
    return np.full(len(assets), bps / 1e4)
