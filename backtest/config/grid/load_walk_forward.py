"""Loading of a walk-forward: a configuration with the sections `sweep:`, the candidates, and `walk_forward:`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtest.config.document import Document
from backtest.config.grid.load_sweep import LoadedSweep, load_sweep
from backtest.config.grid.walk_forward_settings import WalkForwardSettings
from backtest.config.messages import lines
from backtest.config.run_config import RunConfig
from backtest.data.data_settings import DataSettings
from backtest.errors import ConfigError

UNIVERSE = "data.assets"
_OF_DECISIONS = ("strategy", "estimation", "leverage")


@dataclass(frozen=True, eq=False)
class LoadedWalkForward:
    """A checked configuration, its candidates, and how one of them is chosen.

    Args:
        sweep: the configuration, and the settings of each candidate.
        settings: the section `walk_forward:`.
        document: the document with that section, for messages.
    """

    sweep: LoadedSweep
    settings: WalkForwardSettings
    document: Document

    def error(self, setting: str, why: str) -> ConfigError:
        """Return an error about a setting of the section."""
        return ConfigError(f"{self.document.at(('walk_forward', setting))}: walk_forward.{setting}: {why}")


def load_walk_forward(
    given: str | Path | Mapping[str, Any] | RunConfig,
    settings: Mapping[str, Any] | None = None,
    vary: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    data: DataSettings | None = None,
) -> LoadedWalkForward:
    """Read and check a configuration, its candidates and its section `walk_forward:`.

    Args:
        given: see `load_sweep`; a file or a mapping may have a section `walk_forward:` too.
        settings: the section `walk_forward:`; default: the section of the configuration, or else all defaults.
        vary: see `load_sweep`, `sweep`.
        overrides: see `load_sweep`.
        data: see `load_sweep`.

    Raises:
        ConfigError: a mistake in the configuration or in a section, or candidates that differ in more than decisions.

    Example:
        >>> loaded = load_walk_forward("configs/erc.yaml", {"window": "5Y"}, {"estimation.window": ["3Y", "5Y"]})
        >>> len(loaded.sweep.points), loaded.settings.choose_by
        (2, 'sharpe')
    """
    sweep = load_sweep(given, vary, overrides, data)
    document = Document({"walk_forward": settings or {}}, path=sweep.config.file)
    if settings is None and isinstance(given, Mapping | str | Path):
        document = Document(Path(given) if isinstance(given, str) else given, overrides)
    section = document.values.get("walk_forward")
    try:
        checked = WalkForwardSettings.model_validate({} if section is None else section)
    except ValidationError as failure:
        raise ConfigError(*lines(failure.errors(), document, ("walk_forward",), WalkForwardSettings)) from failure
    for name in sweep.points.names:
        if name.partition(".")[0] not in _OF_DECISIONS and name != UNIVERSE:
            expected = f"{', '.join(_OF_DECISIONS)}, a setting of these, or {UNIVERSE}"
            raise sweep.refused(name, f"the same for all candidates of a walk-forward; expected {expected}")
    return LoadedWalkForward(sweep, checked, document)
