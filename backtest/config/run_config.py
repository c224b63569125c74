"""`RunConfig`: the settings of a run, composed of the settings of each layer."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from backtest.analysis.own_metric import find_metric
from backtest.config.yaml_nodes import dotted
from backtest.data.data_settings import DataSettings, end_follows_start
from backtest.engine.settings.costs import Fees, TradingCosts
from backtest.engine.settings.financing import Financing, Margin
from backtest.engine.settings.schedule import RebalanceSettings
from backtest.errors import ConfigError
from backtest.estimation.estimation_settings import EstimationSettings, estimator_with_settings, find_estimator
from backtest.estimation.methods.sample_covariance import Sample
from backtest.own_code import is_own, reported
from backtest.redaction import redact_settings
from backtest.reporting.report_settings import ReportSettings
from backtest.strategy import StrategyError
from backtest.strategy.choice import StrategyChoice
from backtest.strategy.discovery import find_strategy, with_settings
from backtest.strategy.scaling import Scaling
from backtest.strategy.sleeves import sleeves_of


class RunConfig(BaseModel):
    """All settings of a run.

    Definitions: docs/conventions/index.md

    Args:
        name: name of the run and of its report folder.
        title: one line that pages and figures show in place of the name.
        data: prices of the assets and of cash, from which source and over which dates.
        file: the configuration file; paths are relative to its folder. Not a setting, like `overrides`.
        overrides: dotted names of the settings given in place of the values in the file.
        start: first date of NAV, or the first date of the data after it; windows are filled from earlier data. The run
            begins later if a series or a window does, with a note. A benchmark's own start and end are ignored.
        end: last date of NAV, or the last date of the data before it.
        initial_capital: first NAV in the currency of the data, needed if terms are in money; otherwise NAV has no unit.
        estimation: estimator of the covariance of excess returns.
        strategy: the strategy, by its name or by its name and its settings.
        leverage: scaling of the strategy's weights; None holds them unscaled.
        rebalance: dates of decisions and trades.
        costs: costs of a trade.
        financing: terms of loans, shorts, futures or leveraged funds.
        fees: fees on what is held.
        benchmark: configuration of the benchmark; its own benchmark is ignored. In a list of benchmarks, the first is
            the one that relative numbers are about.
        report: parts of the report that take time.
        other_benchmarks: configurations of the other benchmarks of a list. Not a setting, like `file`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^\w[\w .+-]{0,99}$")]
    title: str | None = None
    data: DataSettings
    start: date | None = None
    end: date | None = None
    initial_capital: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] | None = None
    estimation: EstimationSettings = Sample()
    strategy: StrategyChoice
    leverage: Scaling | None = None
    rebalance: Annotated[RebalanceSettings, Field(validate_default=True)] = RebalanceSettings()
    costs: TradingCosts = TradingCosts()
    financing: Financing = Margin()
    fees: Fees = Fees()
    benchmark: "RunConfig | None" = None
    report: ReportSettings = ReportSettings()
    file: Annotated[Path, Field(exclude=True)] = Path()
    overrides: Annotated[tuple[str, ...], Field(exclude=True)] = ()
    other_benchmarks: Annotated[tuple["RunConfig", ...], Field(exclude=True)] = ()

    @model_validator(mode="before")
    @classmethod
    def _find_estimator(cls, given: Any) -> Any:
        """Accept the name and the settings of a user's estimator, which is found by the folder of the file."""
        section = given.get("estimation") if isinstance(given, Mapping) else None
        name = section.get("covariance") if isinstance(section, Mapping) else None
        if section is None or not isinstance(name, str):
            return given
        found = find_estimator(name, Path(given.get("file", "")).parent)
        if not is_own(found):
            return given
        settings = {key: value for key, value in section.items() if key != "covariance"}
        return {**given, "estimation": estimator_with_settings(found, name, settings)}

    @model_validator(mode="before")
    @classmethod
    def _split_benchmarks(cls, given: Any) -> Any:
        """Accept a list of benchmarks, as `resolved` returns them."""
        listed = given.get("benchmark") if isinstance(given, Mapping) else None
        if not isinstance(listed, list | tuple) or not listed:
            return given
        return {**given, "benchmark": listed[0], "other_benchmarks": tuple(listed[1:])}

    @model_validator(mode="before")
    @classmethod
    def _find_metrics(cls, given: Any) -> Any:
        """Accept the names of a user's metrics, which are found by the folder of the file."""
        section = given.get("report") if isinstance(given, Mapping) else None
        names = section.get("metrics") if isinstance(section, Mapping) else None
        if section is None or not isinstance(names, list | tuple):
            return given
        folder = Path(given.get("file", "")).parent
        return {**given, "report": {**section, "metrics": [find_metric(name, folder) for name in names]}}

    @model_validator(mode="before")
    @classmethod
    def _find_strategy(cls, given: Any) -> Any:
        """Accept a strategy as `resolved` returns it: its name and its settings."""
        if not isinstance(given, Mapping) or not isinstance(given.get("strategy"), Mapping):
            return given
        settings = dict(given["strategy"])
        if not isinstance(settings.get("name"), str) or "model" in settings:
            return given
        name, folder = settings.pop("name"), Path(given.get("file", "")).parent
        model = with_settings(find_strategy(name, folder), name, settings, folder)
        return {**given, "strategy": StrategyChoice(name=name, model=model)}

    @field_validator("financing", mode="before")
    @classmethod
    def _default_to_margin(cls, given: Any) -> Any:
        return {"kind": "margin", **given} if isinstance(given, dict) else given

    @field_validator("title")
    @classmethod
    def _check_title(cls, title: str | None) -> str | None:
        if title is not None and (title != title.strip() or not 1 <= len(title) <= 100):
            raise ValueError(f"got {title!r}; expected 1 to 100 characters without blanks at the ends")
        return title

    _end_follows_start = field_validator("end")(end_follows_start)

    @field_validator("costs")
    @classmethod
    def _check_costs(cls, costs: TradingCosts, info: ValidationInfo) -> TradingCosts:
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
                raise _wrong("impact", "needs data.volumes; expected the value traded of each asset too")
        return costs

    @field_validator("financing")
    @classmethod
    def _check_financing(cls, financing: Financing, info: ValidationInfo) -> Financing:
        data = info.data.get("data")
        if not isinstance(financing, Margin):
            if data is not None and data.loan_rate is not None:
                raise _wrong("kind", f"{financing.kind} does not use data.loan_rate; expected margin, or no loan rate")
        elif financing.tiers is not None:
            _check_capital("tiers", info)
        return financing

    @field_validator("rebalance")
    @classmethod
    def _find_dates(cls, rebalance: RebalanceSettings, info: ValidationInfo) -> RebalanceSettings:
        strategy = info.data.get("strategy")
        if strategy is None:
            return rebalance
        if strategy.model.decision_dates() is not None:
            return rebalance.on_own_dates()
        if rebalance.frequency == "given":
            raise _wrong(
                "frequency", f"given, but {strategy.name} has no dates of its own; expected one such as monthly"
            )
        return rebalance

    @field_validator("rebalance")
    @classmethod
    def _check_opens(cls, rebalance: RebalanceSettings, info: ValidationInfo) -> RebalanceSettings:
        data = info.data.get("data")
        if rebalance.execution == "open":
            if data is not None and data.opens is None:
                raise _wrong("execution", "open needs open prices; expected data.opens too")
            if rebalance.execution_lag == 0:
                raise _wrong(
                    "execution_lag", "got 0, expected 1 or more with execution: open, which is before the close"
                )
        return rebalance

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values for some fields, which are checked.

        Raises:
            ConfigError: a value is wrong; `load_config` with overrides takes settings of a section by name.
        """
        if not update:
            return super().model_copy(deep=deep)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        try:
            return type(self).model_validate({**given, **update})
        except ValidationError as failure:
            raise ConfigError(*(f"{dotted(error['loc'])}: {error['msg']}" for error in failure.errors())) from failure

    @property
    def folder(self) -> Path:
        """Folder that paths are relative to."""
        return self.file.parent

    @property
    def benchmarks(self) -> "tuple[RunConfig, ...]":
        """All benchmarks, the one of relative numbers first."""
        return () if self.benchmark is None else (self.benchmark, *self.other_benchmarks)

    @property
    def follows_its_path(self) -> bool:
        """True if target weights depend on current weights or NAV, and so are known only along a path."""
        return self.strategy.model.reads_current_weights or (self.leverage is not None and self.leverage.reads_nav)

    @property
    def volatilities_of_benchmark(self) -> list[tuple[str, ...]]:
        """Settings that follow the benchmark's volatility; they need a benchmark whose targets ignore its path."""
        sections: dict[str, Any] = {"strategy": self.strategy.model, "leverage": self.leverage}
        for at, sleeve in sleeves_of(self.strategy.model):
            sections |= {f"{at}.strategy": sleeve.strategy.model, f"{at}.leverage": sleeve.leverage}
        return [
            (*name.split("."), "target_volatility")
            for name, section in sections.items()
            if getattr(section, "target_volatility", None) == "benchmark"
        ]

    def resolved(self) -> dict[str, Any]:
        """Return every setting as plain values, defaults included, in the shape of the YAML file; paths as written.

        A run without a title has no entry for it.
        Secrets are hidden (`backtest.redaction`).
        """
        hidden: dict[str, Any] = redact_settings(_plain(self))
        return hidden

    def strategy_settings(self) -> dict[str, Any]:
        """Return the name and the settings of the strategy as plain values.

        Raises:
            StrategyError: a setting of an own strategy is no plain value.
        """
        with reported(StrategyError, f"{self.strategy.name}: "):
            return {"name": self.strategy.name, **self.strategy.model.model_dump(mode="json")}

    def overridden(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the overrides by dotted name, from the result of `resolved`."""
        return {name: _at(settings, name) for name in self.overrides}


def _plain(config: RunConfig) -> dict[str, Any]:
    """Return the settings of a run and its benchmarks as plain values, with their secrets."""
    untitled = set() if config.title else {"title"}
    settings = config.model_dump(mode="json", exclude={"strategy", "benchmark"} | untitled)
    settings["strategy"] = config.strategy_settings()
    benchmarks = [_plain(benchmark) for benchmark in config.benchmarks]
    settings["benchmark"] = benchmarks if len(benchmarks) > 1 else next(iter(benchmarks), None)
    return settings


def _at(settings: Any, name: str) -> Any:
    """Return the value with a dotted name, or the nearest value above it."""
    for step in name.split("."):
        if isinstance(settings, Mapping) and step in settings:
            settings = settings[step]
    return settings


def _check_capital(setting: str, info: ValidationInfo) -> None:
    if info.data.get("initial_capital", 1.0) is None:
        raise _wrong(setting, "an amount of money; expected initial_capital too, such as 1000000, at the top level")


def _wrong(setting: str, message: str) -> PydanticCustomError:
    """Error in one setting of a section that contradicts another section."""
    return PydanticCustomError("elsewhere", "{message}", {"message": message, "setting": setting})
