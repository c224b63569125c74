"""Discovery of strategies by the name of their file, or by `package.module:Class`."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from backtest.errors import StrategyError
from backtest.own_code import check_complete, own_class, place_in_own_code, reported
from backtest.strategy.base import Strategy

_FOLDER = "strategies"
_SHIPPED = "backtest.strategies"


def find_strategy(name: str, folder: Path) -> type[Strategy]:
    """Return the strategy class with a given name.

    `erc` is the only class in `strategies/erc.py`. The search begins in `folder`, continues in the folders above it,
    and ends with the shipped strategies. `package.module:Class` is imported.

    A file may extend a strategy next to it (`from .mine import Mine`) or a shipped one
    (`from backtest.strategies.erc import ERC`).

    Raises:
        StrategyError: no such strategy, or a file that cannot be imported or does not define exactly one strategy.
    """
    if ":" in name:
        own: type[Strategy] = own_class(name, Strategy, StrategyError)
        return own
    files = strategy_files(folder)
    if name not in files:
        close = get_close_matches(name, files, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise StrategyError(f"unknown strategy {name!r}; there are: {', '.join(sorted(files))}.{hint}")
    strategy = _only_strategy(_module(files[name]), files[name])
    check_complete(strategy, str(files[name]), StrategyError)
    return strategy


def with_settings(strategy: type[Strategy], name: str, settings: Mapping[str, Any]) -> Strategy:
    """Return a strategy with these settings; `name` is its name in messages.

    Raises:
        ValidationError: a setting is wrong.
        StrategyError: the strategy's own checks of its settings fail in another way.
    """
    with reported(StrategyError, f"{name}: ", expected=(ValidationError,)):
        return strategy.model_validate(dict(settings))


def strategy_files(folder: Path) -> dict[str, Path]:
    """Return the strategy files that a configuration in `folder` can use, by name; the nearest file of a name wins."""
    own = [above / _FOLDER for above in (folder.resolve(), *folder.resolve().parents)]
    files: dict[str, Path] = {}
    for place in [*own, _shipped_folder()]:
        for path in sorted(place.glob("*.py")) if place.is_dir() else ():
            if path.is_file() and not path.name.startswith("_"):
                files.setdefault(path.stem, path)
    return files


def _shipped_folder() -> Path:
    return Path(importlib.import_module(_SHIPPED).__path__[0]).resolve()


def _module(path: Path) -> ModuleType:
    if path.parent.resolve() == _shipped_folder():
        return importlib.import_module(f"{_SHIPPED}.{path.stem}")
    package = _package(path.parent)
    spec = importlib.util.spec_from_file_location(f"{package}.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{path}: cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    with reported(StrategyError, file=str(path)):
        try:
            spec.loader.exec_module(module)
        except ImportError as problem:
            raise StrategyError(
                f"{place_in_own_code(problem, str(path))}: {_import_problem(problem, package)}"
            ) from problem
    return module


def _package(folder: Path) -> str:
    """Return the package name of a folder's files: `from .other import Other` looks there, then in the shipped folder.

    The name depends on the contents of the files, so that files edited between two runs of a process are read again.
    """
    try:
        texts = [path.name.encode() + path.read_bytes() for path in sorted(folder.glob("*.py")) if path.is_file()]
    except OSError as problem:
        raise StrategyError(f"{problem.filename}: cannot be read ({problem.strerror})") from problem
    contents = b"\0".join([str(folder).encode(), *texts])
    package = ModuleType(f"own_{_FOLDER}_{hashlib.sha256(contents).hexdigest()[:12]}")
    package.__path__ = [str(folder), str(_shipped_folder())]
    sys.modules.setdefault(package.__name__, package)
    return package.__name__


def _import_problem(problem: ImportError, package: str) -> str:
    missing = problem.name or ""
    if isinstance(problem, ModuleNotFoundError) and missing.startswith(f"{package}."):
        name = missing.removeprefix(f"{package}.")
        return f"there is no {name}.py in this folder or among the shipped strategies"
    if isinstance(problem, ModuleNotFoundError) and missing.partition(".")[0] == _FOLDER:
        return (
            f"{problem}. Hint: a shipped strategy is imported from {_SHIPPED}, one of your own by `from .name import`."
        )
    return str(problem)


def _only_strategy(module: ModuleType, path: Path) -> type[Strategy]:
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Strategy)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]
    if len(classes) != 1:
        names = ", ".join(each.__name__ for each in classes) or "none"
        raise StrategyError(
            f"{path}: expected exactly one strategy class, got {names}. "
            "Hint: a class whose name begins with _ is not counted."
        )
    return classes[0]
