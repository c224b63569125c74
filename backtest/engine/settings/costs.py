"""Trading costs and management fees: the sections `costs:` and `fees:`. Rates are in basis points."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from backtest.engine.settings.rate_schedule import BasisPoints, PerAsset, Schedule


class Impact(BaseModel):
    """Square-root market impact: a trade costs Y σ sqrt(its value / traded value per period) of its value.

    Source: Almgren and others (2005); Tóth and others (2011), where Y is about 1.

    Definitions: docs/conventions/costs.md#market-impact

    Args:
        coefficient: Y.
        window: number of periods up to the trade over which σ, the volatility per period, and the traded value are
            estimated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coefficient: Annotated[float, Field(gt=0, le=100, strict=True)] = 1.0
    window: Annotated[int, Field(ge=2, le=10_000, strict=True)] = 21


class TradingCosts(BaseModel):
    """Trading costs, which add up.

    Definitions: docs/conventions/costs.md#trading-costs

    Args:
        trading_bps: proportional cost of the traded value; one number, or by asset or class.
        half_spread_bps: half the bid-ask spread; one number, or by asset or class.
        commission_bps: commission on the traded value; one number, or by asset or class.
        schedule: replaces the three settings above: proportional cost for all assets, from each date on.
        fixed: cost of each asset traded, in the currency of `initial_capital`.
        impact: market impact of large trades; needs `data.volumes` and `initial_capital`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trading_bps: PerAsset = 0.0
    half_spread_bps: PerAsset = 0.0
    commission_bps: PerAsset = 0.0
    schedule: Schedule | None = None
    fixed: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] = 0.0
    impact: Impact | None = None

    @field_validator("schedule")
    @classmethod
    def _replaces_the_others(cls, schedule: Schedule | None, info: ValidationInfo) -> Schedule | None:
        others = [name for name in ("trading_bps", "half_spread_bps", "commission_bps") if info.data.get(name)]
        if schedule is not None and others:
            raise ValueError(f"given together with {' and '.join(others)}; expected only one of them")
        return schedule


class PerformanceFee(BaseModel):
    """Performance fee: a share of the gain of NAV above its high-water mark.

    The fee is paid on the last date of each period, and on the last date of the data; between these dates NAV does not
    include it. The mark starts at the first NAV and is then the highest NAV after a fee was due.

    Definitions: docs/conventions/costs.md#performance-fee

    Args:
        rate: share of the gain, decimal.
        every: frequency of payment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Annotated[float, Field(gt=0, lt=1, strict=True)]
    every: Literal["monthly", "quarterly", "yearly"] = "yearly"


class Fees(BaseModel):
    """Management fees, which accrue by act/365.

    Definitions: docs/conventions/costs.md#fees

    Args:
        management_bps: fee on NAV.
        expense_ratio_bps: fee on the value of each position, like a fund's expenses; one number, or by asset or class.
            A short position earns it, because it lowers the fund's price.
        performance: performance fee.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    management_bps: BasisPoints = 0.0
    expense_ratio_bps: PerAsset = 0.0
    performance: PerformanceFee | None = None
