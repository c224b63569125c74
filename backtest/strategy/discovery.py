"""Discovery of strategies by the name of their file, or by `package.module:Class`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtest.errors import StrategyError
from backtest.own.own_files import OwnKind, files_in
from backtest.own_code import reported
from backtest.strategy.base import FOLDER, Strategy

_STRATEGIES = OwnKind("strategy", "strategies", Strategy, "backtest.strategies", StrategyError)


def find_strategy(name: str, folder: Path) -> type[Strategy]:
    """Return the strategy class with a given name.

    `erc` is the only class in `strategies/erc.py`. The search begins in `folder`, continues in the folders above it up
    to the root of the project, and ends with the shipped strategies. `package.module:Class` is imported.

    A file may extend a strategy next to it (`from .mine import Mine`) or a shipped one
    (`from backtest.strategies.erc import ERC`).

    Raises:
        StrategyError: no such strategy, or a file that cannot be imported or does not define exactly one strategy.
    """
    if ":" in name:
        named: type[Strategy] = _STRATEGIES.named(name)
        return named
    files = strategy_files(folder)
    if name not in files:
        raise _STRATEGIES.unknown(name, files, folder)
    strategy: type[Strategy] = _STRATEGIES.load(files[name])
    return strategy


def with_settings(strategy: type[Strategy], name: str, settings: Mapping[str, Any], folder: Path = Path()) -> Strategy:
    """Return a strategy with these settings.

    Args:
        strategy: its class.
        name: its name in messages.
        settings: values of its fields.
        folder: folder that paths in the settings are relative to.

    Raises:
        ValidationError: a setting is wrong.
        StrategyError: the strategy's own checks of its settings fail in another way.
    """
    with reported(StrategyError, f"{name}: ", expected=(ValidationError,)):
        return strategy.model_validate(dict(settings), context={FOLDER: folder})


def strategy_files(folder: Path) -> dict[str, Path]:
    """Return the strategy files that a configuration in `folder` can use, by name; the nearest file of a name wins."""
    return files_in(_STRATEGIES.shipped_folder) | _STRATEGIES.files(folder)


def shipped_strategies() -> frozenset[str]:
    """Return the names of the strategies that came with the package."""
    return frozenset(files_in(_STRATEGIES.shipped_folder))
