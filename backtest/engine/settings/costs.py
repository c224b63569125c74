"""What trading costs, and what is paid for management: the sections `costs:` and `fees:`. Rates in basis points."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from backtest.engine.settings.rate_schedule import BasisPoints, PerAsset, Schedule


class Impact(BaseModel):
    """Square-root market impact: Y σ sqrt(traded value / value traded a period) of the traded value.

    Source: Almgren and others (2005); Tóth and others (2011), where Y is about 1.

    Definitions: docs/conventions/costs.md#market-impact

    Args:
        coefficient: Y.
        window: periods over which σ, the volatility per period, and the value traded are averaged, up to the trade.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coefficient: Annotated[float, Field(gt=0, le=100, strict=True)] = 1.0
    window: Annotated[int, Field(ge=2, le=10_000, strict=True)] = 21


class TradingCosts(BaseModel):
    """Trading costs; all that are given add up.

    Definitions: docs/conventions/costs.md#trading-costs

    Args:
        trading_bps: of the traded value; one number, or by asset or class.
        half_spread_bps: likewise, half the spread between bid and ask.
        commission_bps: likewise.
        schedule: instead of the three: of the traded value of every asset, from each date on.
        fixed: for each asset traded, in the currency of `initial_capital`.
        impact: of large trades; needs `data.volumes` and `initial_capital`.
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
    def _instead(cls, schedule: Schedule | None, info: ValidationInfo) -> Schedule | None:
        beside = [name for name in ("trading_bps", "half_spread_bps", "commission_bps") if info.data.get(name)]
        if schedule is not None and beside:
            raise ValueError(f"stands beside {' and '.join(beside)}; expected one of them")
        return schedule


class PerformanceFee(BaseModel):
    """A share of what NAV has gained above its high-water mark.

    It is paid on the last date of each such period in the data, and on the last date of all; in between NAV is before
    it. The mark begins at the first NAV and is then the highest NAV after a fee was due.

    Definitions: docs/conventions/costs.md#performance-fee

    Args:
        rate: the share, decimal.
        every: how often.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Annotated[float, Field(gt=0, lt=1, strict=True)]
    every: Literal["monthly", "quarterly", "yearly"] = "yearly"


class Fees(BaseModel):
    """Fees by actual days over 365.

    Definitions: docs/conventions/costs.md#fees

    Args:
        management_bps: of NAV.
        expense_ratio_bps: of the value of each position, as a fund's expenses; one number, or by asset or class. A
            short position earns it, as the fund's price falls by it.
        performance: a performance fee.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    management_bps: BasisPoints = 0.0
    expense_ratio_bps: PerAsset = 0.0
    performance: PerformanceFee | None = None
