"""`RunConfig` of a finished run, rebuilt from its manifest."""

import os
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from backtest.config.load_config import SECTIONS_OF_MANY_RUNS
from backtest.config.run_config import RunConfig
from backtest.data.sources.address import is_address
from backtest.errors import ConfigError
from backtest.reporting.files.finished_run import manifest_of_run
from backtest.reporting.files.manifest import MANIFEST
from backtest.reporting.files.manifest_paths import path_in_report
from backtest.strategy.choice import StrategyChoice
from backtest.strategy.discovery import find_strategy, with_settings


def load_finished(folder: Path) -> RunConfig:
    """Return the configuration of the finished run in a folder.

    Raises:
        ReportError: the folder does not hold the manifest of a run.
        BacktestError: see `config_of_manifest`.
    """
    return config_of_manifest(manifest_of_run(folder), folder / MANIFEST)


def config_of_manifest(manifest: Mapping[str, Any], place: Path) -> RunConfig:
    """Return the configuration with the resolved settings of a manifest, including its benchmarks'.

    Paths and own code are searched from the folder of the configuration file that the manifest names, relative to the
    manifest's own folder. If there is no such folder, paths have to be absolute, and own code is searched from the
    folder of the manifest.

    Args:
        manifest: manifest of a run, with `config`, and `config_file` where it is known.
        place: the manifest file; a path in the current folder for a manifest on standard input.

    Raises:
        ConfigError: a path is relative to an unknown folder, or this version does not know a setting.
        StrategyError: the strategy does not exist.

    Example:
        >>> from backtest.config import load_config
        >>> config = load_config("configs/erc.yaml")
        >>> manifest = {"config": config.resolved(), "config_file": "../../configs/erc.yaml"}
        >>> config_of_manifest(manifest, Path("reports/erc/manifest.json")).resolved() == config.resolved()
        True
    """
    section = next((name for name in SECTIONS_OF_MANY_RUNS if name in (manifest.get("config") or ())), None)
    if section is not None:
        raise ConfigError(
            f"{place}: {section}: many runs; expected a single one. Hint: pass the configuration file to walk-forward"
        )
    config = _config(manifest.get("config"), manifest.get("config_file"), place)
    given = manifest["config"].get("benchmark")
    if not given:
        return config
    others = manifest.get("other_benchmarks")
    recorded = [other if isinstance(other, Mapping) else {} for other in (others if isinstance(others, list) else ())]
    files = [manifest.get("benchmark_config_file"), *(other.get("config_file") for other in recorded)]
    pairs = zip_longest(given if isinstance(given, list) else [given], files)
    first, *rest = [_config(settings, file, place) for settings, file in pairs if settings is not None]
    return config.model_copy(update={"benchmark": first, "other_benchmarks": tuple(rest)})


def _config(settings: Any, config_file: Any, place: Path) -> RunConfig:
    """Return the configuration with these settings, without its benchmark."""
    chosen = settings.get("strategy") if isinstance(settings, Mapping) else None
    if not isinstance(chosen, Mapping) or not isinstance(chosen.get("name"), str):
        raise ConfigError(f"{place}: no strategy with a name in it. Hint: pass the configuration file.")
    folder = Path(os.path.realpath(place.parent))
    file = path_in_report(config_file, folder) if isinstance(config_file, str) else place
    if not os.path.isdir(file.parent):  # noqa: PTH112 - Path's own methods raise for odd names
        file = place
    named = (*_paths(settings.get("data"), "path"), *_paths(settings.get("strategy"), "file"))
    for path in named if file == place else ():
        if not (is_address(path) or path.startswith("~") or PurePath(path).is_absolute()):
            raise ConfigError(
                f"{place}: {path} is read, relative to {config_file or 'a configuration without a file'}, "
                "which is not on this machine; expected an absolute path. Hint: pass the configuration file."
            )
    given = dict(chosen)
    name = given.pop("name")
    try:
        model = with_settings(find_strategy(name, file.parent), name, given, file.parent)
        strategy = StrategyChoice(name=name, model=model)
        return RunConfig.model_validate({**settings, "strategy": strategy, "benchmark": None, "file": file})
    except ValidationError as failure:
        first = failure.errors()[0]
        at = ".".join(str(step) for step in first["loc"]) or "strategy"
        raise ConfigError(
            f"{place}: {at}: {first['msg']}; written by another version. Hint: pass the configuration file."
        ) from failure


def _paths(settings: Any, name: str) -> Iterator[str]:
    """Yield the values of all settings of a name."""
    if isinstance(settings, Mapping):
        if isinstance(settings.get(name), str):
            yield settings[name]
        for value in settings.values():
            yield from _paths(value, name)
