"""`RunConfig`: the settings of a run, composed from each layer's own."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backtest.data.data_settings import DataSettings
from backtest.engine.settings.costs import Fees, TradingCosts
from backtest.engine.settings.financing import Financing, Margin
from backtest.engine.settings.schedule import RebalanceSettings
from backtest.estimation.estimation_settings import EstimationSettings
from backtest.estimation.methods.sample_covariance import Sample
from backtest.reporting.report_settings import ReportSettings
from backtest.strategy import Strategy
from backtest.strategy.scaling import Scaling


class StrategyChoice(BaseModel):
    """A strategy with the name that found it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    model: InstanceOf[Strategy]


class RunConfig(BaseModel):
    """All settings of a run.

    Args:
        name: of the run and its report's folder.
        file: the configuration's own; paths are relative to its folder.
        initial_capital: the first NAV in the currency of the data, where terms are in money; else NAV has no unit.
        leverage: what the strategy's weights are multiplied by; without, they are held as they are.
        benchmark: the configuration of the benchmark; its own benchmark is ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^\w[\w .+-]{0,99}$")]
    data: DataSettings
    initial_capital: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] | None = None
    estimation: EstimationSettings = Sample()
    strategy: StrategyChoice
    leverage: Scaling | None = None
    rebalance: RebalanceSettings = RebalanceSettings()
    costs: TradingCosts = TradingCosts()
    financing: Financing = Margin()
    fees: Fees = Fees()
    benchmark: "RunConfig | None" = None
    report: ReportSettings = ReportSettings()
    file: Annotated[Path, Field(exclude=True)] = Path()

    @field_validator("financing", mode="before")
    @classmethod
    def _on_margin_unless_said(cls, given: Any) -> Any:
        return {"kind": "margin", **given} if isinstance(given, dict) else given

    @field_validator("costs")
    @classmethod
    def _costs_have_what_they_need(cls, costs: TradingCosts, info: ValidationInfo) -> TradingCosts:
        data = info.data.get("data")
        capital = info.data.get("initial_capital")
        if costs.fixed:
            _check_capital("fixed", info)
        if capital is not None and costs.fixed >= capital:
            raise _wrong(
                "fixed", f"{costs.fixed:g} for each asset traded; expected less than initial_capital, {capital:g}"
            )
        if costs.impact is not None:
            _check_capital("impact", info)
            if data is not None and data.volumes is None:
                raise _wrong("impact", "no data.volumes; expected them too, the value traded of each asset")
        return costs

    @field_validator("financing")
    @classmethod
    def _financing_has_what_it_needs(cls, financing: Financing, info: ValidationInfo) -> Financing:
        data = info.data.get("data")
        if not isinstance(financing, Margin):
            if data is not None and data.loan_rate is not None:
                raise _wrong("kind", f"{financing.kind} pays no data.loan_rate; expected margin, or none of the two")
        elif financing.tiers is not None:
            _check_capital("tiers", info)
        return financing

    @field_validator("rebalance")
    @classmethod
    def _opens_are_there(cls, rebalance: RebalanceSettings, info: ValidationInfo) -> RebalanceSettings:
        data = info.data.get("data")
        if rebalance.execution == "open":
            if data is not None and data.opens is None:
                raise _wrong("execution", "open, and there are no opens; expected data.opens too")
            if rebalance.execution_lag == 0:
                raise _wrong(
                    "execution_lag", "got 0, expected 1 or more with execution: open, which is before the close"
                )
        return rebalance

    @property
    def folder(self) -> Path:
        """What paths are relative to."""
        return self.file.parent

    @property
    def follows_its_path(self) -> bool:
        """Whether target weights depend on what is held or on NAV: then they are known only along a path."""
        return self.strategy.model.reads_current_weights or (self.leverage is not None and self.leverage.reads_nav)

    @property
    def volatilities_of_benchmark(self) -> list[tuple[str, str]]:
        """Return the settings that follow the benchmark's volatility, and so need a benchmark with own targets."""
        sections = {"strategy": self.strategy.model, "leverage": self.leverage}
        return [
            (name, "target_volatility")
            for name, section in sections.items()
            if getattr(section, "target_volatility", None) == "benchmark"
        ]

    def resolved(self) -> dict[str, Any]:
        """Every setting as plain values, defaults included, in the shape of the YAML file; paths as written."""
        settings = self.model_dump(mode="json", exclude={"strategy", "benchmark"})
        settings["strategy"] = {"name": self.strategy.name, **self.strategy.model.model_dump(mode="json")}
        settings["benchmark"] = None if self.benchmark is None else self.benchmark.resolved()
        return settings


def _check_capital(setting: str, info: ValidationInfo) -> None:
    if info.data.get("initial_capital", 1.0) is None:
        raise _wrong(setting, "in money; expected initial_capital too, such as 1000000, beside data")


def _wrong(setting: str, words: str) -> PydanticCustomError:
    """An error of one setting of a section, that only other sections tell."""
    return PydanticCustomError("elsewhere", "{words}", {"words": words, "setting": setting})
