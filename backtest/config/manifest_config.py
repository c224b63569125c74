"""From what a manifest says of a finished run back to its `RunConfig`."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from backtest.config.run_config import RunConfig, StrategyChoice
from backtest.errors import ConfigError
from backtest.strategy.discovery import find_strategy


def config_of_manifest(settings: Mapping[str, Any], manifest: Path) -> RunConfig:
    """The configuration that resolved to these settings, and that of its benchmark.

    A strategy is looked for beside and above the manifest, then among those shipped. Files of prices have to be at
    absolute paths or addresses: a manifest does not say from where others were relative.

    Args:
        settings: of `RunConfig.resolved`.
        manifest: the file that has them.

    Raises:
        ConfigError: a relative path, or settings that this version does not know.
        StrategyError: no such strategy.

    Example:
        >>> from backtest.config import load_config
        >>> config = load_config("configs/erc.yaml")
        >>> config_of_manifest(config.resolved(), Path("reports/erc/manifest.json")).resolved() == config.resolved()
        True
    """
    for path in _relative_paths(settings["data"]):
        raise ConfigError(
            f"{manifest}: prices are read from {path}, relative to a configuration that the manifest does not name; "
            "expected an absolute path. Hint: give the configuration itself."
        )
    given, benchmark = dict(settings["strategy"]), settings.get("benchmark")
    name = given.pop("name")
    try:
        return RunConfig.model_validate(
            {
                **settings,
                "strategy": StrategyChoice(name=name, model=find_strategy(name, manifest.parent).model_validate(given)),
                "benchmark": None if benchmark is None else config_of_manifest(benchmark, manifest),
                "file": manifest,
            }
        )
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ConfigError(
            f"{manifest}: {place}: {first['msg']}; it is of another version. Hint: give the configuration itself."
        ) from failure


def _relative_paths(settings: Any) -> Iterator[str]:
    """All that stands under `path` and is neither an absolute path nor an address."""
    if isinstance(settings, Mapping):
        path = settings.get("path")
        if isinstance(path, str) and "://" not in path and not PurePath(path).is_absolute():
            yield path
        for value in settings.values():
            yield from _relative_paths(value)
