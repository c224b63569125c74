"""`RunConfig` of a finished run, rebuilt from its manifest."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from backtest.config.run_config import RunConfig, StrategyChoice
from backtest.errors import ConfigError
from backtest.strategy.discovery import find_strategy, with_settings


def config_of_manifest(settings: Mapping[str, Any], manifest: Path) -> RunConfig:
    """Return the configuration with these resolved settings, including its benchmark's.

    The strategy is searched for in the manifest's folder, in the folders above it, then among the shipped strategies.
    Files of prices need absolute paths or addresses, as a manifest does not record the folder of the configuration.

    Args:
        settings: see `RunConfig.resolved`.
        manifest: the manifest file.

    Raises:
        ConfigError: a path is relative, or this version does not know a setting.
        StrategyError: the strategy does not exist.

    Example:
        >>> from backtest.config import load_config
        >>> config = load_config("configs/erc.yaml")
        >>> config_of_manifest(config.resolved(), Path("reports/erc/manifest.json")).resolved() == config.resolved()
        True
    """
    chosen = settings.get("strategy") if isinstance(settings, Mapping) else None
    if not isinstance(chosen, Mapping) or not isinstance(chosen.get("name"), str):
        raise ConfigError(f"{manifest}: no strategy with a name in it. Hint: pass the configuration file.")
    for path in _relative_paths(settings.get("data")):
        raise ConfigError(
            f"{manifest}: prices are read from {path}, relative to a configuration that the manifest does not name; "
            "expected an absolute path. Hint: pass the configuration file."
        )
    given, benchmark = dict(chosen), settings.get("benchmark")
    name = given.pop("name")
    try:
        return RunConfig.model_validate(
            {
                **settings,
                "strategy": StrategyChoice(
                    name=name, model=with_settings(find_strategy(name, manifest.parent), name, given)
                ),
                "benchmark": None if benchmark is None else config_of_manifest(benchmark, manifest),
                "file": manifest,
            }
        )
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ConfigError(
            f"{manifest}: {place}: {first['msg']}; written by another version. Hint: pass the configuration file."
        ) from failure


def _relative_paths(settings: Any) -> Iterator[str]:
    """Yield the values of all `path` settings that are neither absolute paths nor addresses."""
    if isinstance(settings, Mapping):
        path = settings.get("path")
        if isinstance(path, str) and "://" not in path and not PurePath(path).is_absolute():
            yield path
        for value in settings.values():
            yield from _relative_paths(value)
