"""`RunConfig`: the settings of a run, composed from each layer's own."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, InstanceOf

from backtest.data.settings import DataSettings
from backtest.engine.schedule import RebalanceSettings
from backtest.engine.terms import Fees, FinancingTerms, TradingCosts
from backtest.estimation.sample import Sample
from backtest.estimation.settings import EstimationSettings
from backtest.reporting.settings import ReportSettings
from backtest.strategy import Strategy


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
        benchmark: the configuration of the benchmark; its own benchmark is ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^\w[\w .+-]{0,99}$")]
    data: DataSettings
    estimation: EstimationSettings = Sample()
    strategy: StrategyChoice
    rebalance: RebalanceSettings = RebalanceSettings()
    costs: TradingCosts = TradingCosts()
    financing: FinancingTerms = FinancingTerms()
    fees: Fees = Fees()
    benchmark: "RunConfig | None" = None
    report: ReportSettings = ReportSettings()
    folder: Annotated[Path, Field(exclude=True)] = Path()

    def resolved(self) -> dict[str, Any]:
        """Every setting as plain values, defaults included, in the shape of the YAML file; paths as written."""
        settings = self.model_dump(mode="json", exclude={"strategy", "benchmark"})
        settings["strategy"] = {"name": self.strategy.name, **self.strategy.model.model_dump(mode="json")}
        settings["benchmark"] = None if self.benchmark is None else self.benchmark.resolved()
        return settings
