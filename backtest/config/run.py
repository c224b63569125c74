"""`RunConfig`: the settings of a run, composed from each layer's own."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationInfo, field_validator

from backtest.data.settings import DataSettings
from backtest.engine.costs import Fees, TradingCosts
from backtest.engine.financing import Financing, Margin
from backtest.engine.schedule import RebalanceSettings
from backtest.estimation.sample import Sample
from backtest.estimation.settings import EstimationSettings
from backtest.reporting.settings import ReportSettings
from backtest.strategy import Strategy
from backtest.strategy.leverage import Leverage, TargetVolatility


class StrategyChoice(BaseModel):
    """A strategy with the name that found it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    model: InstanceOf[Strategy]


class RunConfig(BaseModel):
    """All settings of a run.

    Args:
        name: of the run and its report's folder.
        folder: the configuration's own, which paths are relative to.
        initial_capital: the first NAV in the currency of the data, where terms are in money; else NAV has no unit.
        leverage: what the strategy's weights are multiplied by; without, they are held as they are.
        benchmark: the configuration of the benchmark; its own benchmark is ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^\w[\w .+-]{0,99}$")]
    data: DataSettings
    initial_capital: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    estimation: EstimationSettings = Sample()
    strategy: StrategyChoice
    leverage: Leverage | None = None
    rebalance: RebalanceSettings = RebalanceSettings()
    costs: TradingCosts = TradingCosts()
    financing: Financing = Margin()
    fees: Fees = Fees()
    benchmark: "RunConfig | None" = None
    report: ReportSettings = ReportSettings()
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @field_validator("financing", mode="before")
    @classmethod
    def _on_margin_unless_said(cls, given: Any) -> Any:
        return {"kind": "margin", **given} if isinstance(given, dict) else given

    @field_validator("costs")
    @classmethod
    def _costs_in_money(cls, costs: TradingCosts, info: ValidationInfo) -> TradingCosts:
        data = info.data.get("data")
        for name, given in (("fixed", costs.fixed), ("impact", costs.impact)):
            if given and info.data.get("initial_capital", 1.0) is None:
                raise ValueError(f"{name} needs initial_capital, such as 1000000, beside data")
        if costs.impact is not None and data is not None and data.volumes is None:
            raise ValueError("impact needs data.volumes, what was traded of each asset")
        return costs

    @field_validator("financing")
    @classmethod
    def _tiers_in_money(cls, financing: Financing, info: ValidationInfo) -> Financing:
        tiers = isinstance(financing, Margin) and financing.tiers is not None
        if tiers and info.data.get("initial_capital", 1.0) is None:
            raise ValueError("tiers need initial_capital, such as 1000000, beside data")
        return financing

    @field_validator("rebalance")
    @classmethod
    def _opens_are_there(cls, rebalance: RebalanceSettings, info: ValidationInfo) -> RebalanceSettings:
        data = info.data.get("data")
        if rebalance.execution == "open":
            if data is not None and data.opens is None:
                raise ValueError("execution at the open needs data.opens")
            if rebalance.execution_lag == 0:
                raise ValueError("execution at the open needs an execution_lag of 1 or more: an open is before its close")
        return rebalance

    @property
    def follows_its_path(self) -> bool:
        """Whether target weights depend on what is held or on NAV: then they are known only along a path."""
        return self.strategy.model.reads_current_weights or (self.leverage is not None and self.leverage.reads_nav)

    @property
    def levers_to_its_benchmark(self) -> bool:
        """Whether leverage follows the benchmark's volatility, and so needs a benchmark."""
        return isinstance(self.leverage, TargetVolatility) and self.leverage.target_volatility == "benchmark"

    def resolved(self) -> dict[str, Any]:
        """Every setting as plain values, defaults included, in the shape of the YAML file; paths as written."""
        settings = self.model_dump(mode="json", exclude={"strategy", "benchmark"})
        settings["strategy"] = {"name": self.strategy.name, **self.strategy.model.model_dump(mode="json")}
        settings["benchmark"] = None if self.benchmark is None else self.benchmark.resolved()
        return settings
