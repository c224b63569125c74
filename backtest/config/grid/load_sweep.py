"""Loading of a sweep: a configuration with a section `sweep:`, or a configuration and a grid given in Python."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtest.config.document import Document
from backtest.config.given_values import fields_of
from backtest.config.grid.points import Points, points_of
from backtest.config.grid.sweep_settings import SweepSettings
from backtest.config.load_config import SECTIONS_OF_MANY_RUNS, load_config, load_document
from backtest.config.messages import lines
from backtest.config.run_config import RunConfig
from backtest.data.data_settings import DataSettings
from backtest.errors import ConfigError

_PARTS = ("grid", "together", "any_of", "sample")


@dataclass(frozen=True, eq=False)
class LoadedSweep:
    """A checked configuration, and the settings that its runs vary.

    Args:
        config: the configuration that is varied.
        points: the settings of each run.
        settings: the section `sweep:`.
        document: the document with that section, for messages.
    """

    config: RunConfig
    points: Points
    settings: SweepSettings
    document: Document

    def placed(self, problem: ConfigError) -> ConfigError:
        """Return an error about a varied setting with its place in the section `sweep:`."""
        return ConfigError(*(self._placed(line) for line in problem.problems))

    def refused(self, name: str, why: str) -> ConfigError:
        """Return an error about a varied setting that is known but does not fit."""
        return ConfigError(f"{self.document.at(self._location(name), key=True)}: sweep: {name}: {why}")

    def _placed(self, line: str) -> str:
        found = re.search(r"\boverrides(?:: |\.)([\w.]+)", line)
        names = [name for name in self.points.names if found is not None and _about(name, found[1])]
        if not names:
            return line
        return f"{self.document.at(self._location(names[0]), key=True)}: sweep: {line.partition('overrides: ')[2]}"

    def _location(self, name: str) -> tuple[str | int, ...]:
        """Return the location of a varied setting in the document."""
        section = self.document.values["sweep"]
        for part in _PARTS:
            given = section.get(part)
            if part == "sample" and isinstance(given, Mapping) and name in given["settings"]:
                return ("sweep", part, "settings", name)
            if isinstance(given, Mapping) and name in given:
                return ("sweep", part, name)
            for at, grid in enumerate(given if isinstance(given, list) else ()):
                if name in grid:
                    return ("sweep", part, at, name)
        return ("sweep",)


def _about(name: str, setting: str) -> bool:
    """Return whether a message about a setting is about a varied one."""
    return setting == name or setting.startswith(f"{name}.") or name.startswith(f"{setting}.")


def load_sweep(
    given: str | Path | Mapping[str, Any] | RunConfig,
    sweep: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    data: DataSettings | None = None,
) -> LoadedSweep:
    """Read and check a configuration and its sweep.

    Args:
        given: see `load_config`; a file or a mapping may have a section `sweep:`.
        sweep: the section `sweep:`, or values by dotted name of a setting, which are the `grid` alone.
        overrides: values that replace settings of all runs.
        data: data section in place of the configuration's own.

    Raises:
        ConfigError: a mistake in the configuration or in the sweep.

    Example:
        >>> loaded = load_sweep("configs/erc.yaml", {"estimation.window": ["3Y", "5Y"]})
        >>> len(loaded.points), loaded.config.name
        (2, 'erc')
    """
    if isinstance(given, RunConfig):
        config = load_config(given, overrides, data=data)
        document = Document({"sweep": {}}, path=given.file)
    elif isinstance(given, Mapping | str | Path):
        document = Document(Path(given) if isinstance(given, str) else given, overrides, data=data)
        own, *_ = [document.values.pop(section, None) for section in SECTIONS_OF_MANY_RUNS]
        config = load_document(document, data)
        if sweep is None:
            sweep = own
            document.values["sweep"] = own
    else:
        config = load_config(given, overrides, data=data)  # raises
    if sweep is None:
        raise ConfigError(f"{document.path}: no section sweep; expected one such as {_EXAMPLE}")
    if "sweep" not in document.values or document.values["sweep"] is not sweep:
        document = Document({"sweep": _as_section(sweep)}, path=config.file)
    try:
        settings = SweepSettings.model_validate(document.values["sweep"])
    except ValidationError as failure:
        raise ConfigError(*lines(failure.errors(), document, ("sweep",), SweepSettings)) from failure
    try:
        return LoadedSweep(config, points_of(settings), settings, document)
    except ConfigError as problem:
        at = document.at(("sweep",), key=True)
        raise ConfigError(*(f"{at}: {line}" for line in problem.problems)) from problem


_EXAMPLE = "sweep: {grid: {estimation.window: [3Y, 5Y]}}"


def _as_section(sweep: Any) -> Any:
    """Return the section of a sweep given in Python, in which a mapping of settings is the grid."""
    if isinstance(sweep, SweepSettings):
        return fields_of(sweep)
    if isinstance(sweep, Mapping) and not set(sweep) & set(_PARTS):
        return {"grid": dict(sweep)}
    return sweep
