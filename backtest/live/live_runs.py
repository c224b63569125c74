"""Runs of the live page: one configuration, run again and again by one thread, for several tabs of a browser."""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from backtest.analysis.result import BacktestResult
from backtest.analysis.selection.sharpe_probability import expected_best_sharpe
from backtest.data.cache.default_folders import REPORTS
from backtest.errors import BacktestError, ConfigError
from backtest.live.controls import Control, controls_of
from backtest.reporting.charts.chart_parts import crises_within, legend
from backtest.reporting.charts.chart_performance import growth
from backtest.reporting.files.report_files import write_report
from backtest.runs.prepared import Prepared

NUMBERS = ("cagr", "volatility", "sharpe", "max_drawdown", "average_gross_exposure", "financing_drag_per_year")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_LONGEST_CURVE = 24  # points of a curve

_T = TypeVar("_T")


class SupersededError(Exception):
    """A newer request of the same tab has come."""


class LiveRuns:
    """Runs of a configuration under settings of the page.

    All runs are made by one thread, since `Prepared` is for one, and the newest request of a tab is the only one that
    counts: older ones that still wait are dropped.

    Args:
        prepared: the configuration.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._newest: dict[str, int] = {}
        self._lock = threading.Lock()
        self.written: str | None = None  # the page of the last report
        result = prepared.run()
        self.name, self.controls = prepared.config.name, controls_of(prepared.config, result.periods_per_year)

    def path(self, tab: str, number: int, settings: Mapping[str, Any]) -> "Future[dict[str, Any]]":
        """Return the growth chart and the headline numbers, as JSON values."""
        return self._queue(tab, number, lambda: _path(self._run(settings)))

    def intervals(self, tab: str, number: int, settings: Mapping[str, Any]) -> "Future[dict[str, Any]]":
        """Return the intervals of the headline numbers, and the p-value of the difference to the benchmark."""
        return self._queue(tab, number, lambda: _intervals(self._run(settings)))

    def curve(self, tab: str, number: int, settings: Mapping[str, Any], setting: str) -> "Future[dict[str, Any]]":
        """Return the Sharpe ratio over the whole range of a slider, all other settings as they are."""
        control = next((each for each in self.controls if each.setting == setting and not each.choices), None)
        if control is None:
            raise ConfigError(f"curve: {setting!r} has no slider")
        return self._queue(tab, number, lambda: self._curve(tab, number, settings, control))

    def chance(self, sharpe_ratios: Sequence[float]) -> "Future[dict[str, Any]]":
        """Return by how much the best of some Sharpe ratios would look too high if all settings were equally good."""
        values = np.asarray(sharpe_ratios, dtype=float)
        excess = float(expected_best_sharpe(len(values), values.var(ddof=1))) if len(values) > 1 else 0.0
        return self._worker.submit(lambda: {"excess": excess})

    def save(self, settings: Mapping[str, Any], name: str) -> "Future[dict[str, Any]]":
        """Write a configuration of these settings next to the configured one, which it extends; return its path.

        Raises:
            BacktestError: the name does not fit or is taken, or the configuration is no file.
        """
        return self._worker.submit(lambda: {"path": self._save(self.overrides(settings), name)})

    def write(self, settings: Mapping[str, Any]) -> "Future[dict[str, Any]]":
        """Write the full report of these settings into the folder of reports; return the path of its page."""
        return self._worker.submit(lambda: {"path": self._write(self._run(settings))})

    def close(self) -> None:
        """Stop the thread once its present run has ended."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _queue(self, tab: str, number: int, act: Callable[[], _T]) -> "Future[_T]":
        with self._lock:
            self._newest[tab] = max(number, self._newest.get(tab, number))

        def run() -> _T:
            self._check_newest(tab, number)
            return act()

        return self._worker.submit(run)

    def _check_newest(self, tab: str, number: int) -> None:
        with self._lock:
            if number < self._newest[tab]:
                raise SupersededError

    def overrides(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return overrides by dotted name for the values of controls on the page.

        Raises:
            BacktestError: a setting has no control.
        """
        known = {control.setting: control for control in self.controls}
        unknown = [name for name in settings if name not in known]
        if unknown:
            raise ConfigError(f"{unknown[0]}: not a setting of this page")
        return {name: known[name].setting_of(value) for name, value in settings.items()}

    def _run(self, settings: Mapping[str, Any]) -> BacktestResult:
        return self._prepared.run(self.overrides(settings))

    def _save(self, overrides: Mapping[str, Any], name: str) -> str:
        file = self._prepared.config.file
        if not file.name:
            raise ConfigError("save: this run has no file; expected one started with the path of a configuration")
        if not _NAME.fullmatch(name):
            raise ConfigError(f"save: got the name {name[:80]!r}; expected small letters, digits, _ and -, up to 60")
        sections: dict[str, dict[str, Any]] = {}
        for setting, value in overrides.items():
            section, inner = setting.split(".")
            sections.setdefault(section, {})[inner] = value
        lines = {"extends": file.name, "name": name, **sections}
        content = "".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items())  # flow style of YAML
        target = file.with_name(f"{name}.yaml")
        try:
            with target.open("x", encoding="utf-8") as written:
                written.write(content)
        except FileExistsError as problem:
            raise ConfigError(f"save: {target} exists; expected a new name") from problem
        except OSError as problem:
            raise ConfigError(f"save: {target} cannot be written ({problem.strerror})") from problem
        return str(target)

    def _write(self, result: BacktestResult) -> str:
        page = write_report(result, REPORTS / f"{result.name}_live", replace=True)
        self.written = page.read_text(encoding="utf-8")
        return page.as_posix()

    def _curve(self, tab: str, number: int, settings: Mapping[str, Any], control: Control) -> dict[str, Any]:
        values = np.linspace(control.low, control.high, _LONGEST_CURVE)
        values = np.unique(np.round(values / control.step) * control.step)
        sharpe = []
        for value in values.tolist():
            self._check_newest(tab, number)
            try:
                sharpe.append(self._run({**settings, control.setting: value}).headline()["sharpe"])
            except BacktestError:  # a part of the range may be out of reach, such as a window beyond the history
                sharpe.append(float("nan"))
        return {"values": values.tolist(), "sharpe": [None if np.isnan(each) else each for each in sharpe]}


def _path(result: BacktestResult) -> dict[str, Any]:
    own = result.headline()  # before the chart completes the result
    chart = growth(result)
    sides = [own] if result.benchmark is None else [own, result.benchmark.headline()]
    return {
        "chart": {**chart, "legend": legend(chart)},
        "crises": crises_within(result.nav.index),
        "start": f"{result.nav.index[0]:%Y-%m-%d}",
        "end": f"{result.nav.index[-1]:%Y-%m-%d}",
        "numbers": [{name: _number(side.get(name)) for name in NUMBERS} for side in sides],
    }


def _intervals(result: BacktestResult) -> dict[str, Any]:
    sides = [result] if result.benchmark is None else [result, result.benchmark]
    found = [side.summary()["confidence"] for side in sides]
    return {"intervals": [{name: each[name] for name in NUMBERS if each.get(name)} for each in found]}


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
