"""Controls of the live page: which settings of a configuration can be moved, and within which bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backtest.config import RunConfig
from backtest.engine.settings.financing import Futures, Margin
from backtest.estimation.estimator import window_rows

MONTHS = 12
_ESTIMATORS = ("sample", "ledoit_wolf", "oas", "denoised")  # their only setting without a default is the window
_FREQUENCIES = ("weekly", "monthly", "quarterly", "yearly")


@dataclass(frozen=True)
class Control:
    """Control of one setting.

    Args:
        setting: dotted name.
        label: name on the page.
        value: configured value, as the page shows it; None if the configuration has none.
        low: smallest value of a slider.
        high: largest value of a slider.
        step: step of a slider.
        unit: unit behind the value.
        scale: setting / shown value.
        choices: values of a choice; a control without them is a slider.
    """

    setting: str
    label: str
    value: float | str | None
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    unit: str = ""
    scale: float = 1.0
    choices: tuple[str, ...] = ()

    def setting_of(self, value: float | str | None) -> Any:
        """Return the value of the setting for a value on the page.

        >>> Control("estimation.window", "Window", 36, 12, 120, unit=" months").setting_of(48)
        '48M'
        """
        if isinstance(value, str) or value is None:
            return value
        if self.setting == "estimation.window":
            return f"{value:.0f}M"
        return round(value * self.scale, 12)


def controls_of(config: RunConfig, periods_per_year: int) -> tuple[Control, ...]:
    """Return the controls that fit a configuration, in the order of the page."""
    return tuple(_controls(config, periods_per_year))


def _controls(config: RunConfig, periods_per_year: int) -> Iterator[Control]:
    for section, model in (("strategy", config.strategy.model), ("leverage", config.leverage)):
        target, cap = getattr(model, "target_volatility", None), getattr(model, "max_gross_exposure", None)
        if isinstance(target, int | float):
            shown = round(100 * float(target), 6)
            yield Control(f"{section}.target_volatility", "Target volatility", shown, 2, 25, 0.5, "%", 0.01)
        if isinstance(cap, int | float):
            yield Control(f"{section}.max_gross_exposure", "Cap on leverage", float(cap), 1, max(4, cap), 0.1, "×")
        multiple = getattr(model, "multiple", None)
        if isinstance(multiple, int | float):
            yield Control(f"{section}.multiple", "Leverage multiple", float(multiple), 0.2, 5, 0.1, "×")
    months = window_rows(config.estimation.window, periods_per_year) * MONTHS / periods_per_year
    yield Control("estimation.window", "Window", round(months), 6, 120, 1, " months")
    estimator = config.estimation.covariance
    if estimator in _ESTIMATORS:
        yield Control("estimation.covariance", "Estimator", estimator, choices=_ESTIMATORS)
    financing = config.financing
    if isinstance(financing, Margin) and isinstance(financing.spread_bps, int | float):
        yield Control("financing.spread_bps", "Loan spread", financing.spread_bps, 0, 400, 5, " bp")
    elif isinstance(financing, Futures) and isinstance(financing.basis_bps, int | float):
        yield Control("financing.basis_bps", "Basis of futures", financing.basis_bps, 0, 400, 5, " bp")
    if config.rebalance.frequency in _FREQUENCIES:
        slower = tuple(name for name in _FREQUENCIES if periods_per_year >= 52 or name != "weekly")
        yield Control("rebalance.frequency", "Rebalancing", config.rebalance.frequency, choices=slower)
    if isinstance(config.costs.trading_bps, int | float):
        yield Control("costs.trading_bps", "Trading cost", float(config.costs.trading_bps), 0, 100, 1, " bp")
