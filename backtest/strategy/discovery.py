"""Discovery of strategies by the name of their file, or by `package.module:Class`."""

import copyreg
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from backtest.errors import StrategyError, suggestion
from backtest.own_code import check_complete, own_class, place_in_own_code, reported
from backtest.strategy.base import Strategy

_FOLDER = "strategies"
_SHIPPED = "backtest.strategies"

ROOT_MARKS = ("backtest.toml", "pyproject.toml", ".git")
"""Files and folders of which one marks the root of a project."""


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
        own: type[Strategy] = own_class(name, Strategy, StrategyError)
        return own
    files = strategy_files(folder)
    if name not in files:
        hint = _beyond(name, folder) or suggestion(name, files)
        raise StrategyError(f"unknown strategy {name!r}; there are: {', '.join(sorted(files))}.{hint}")
    strategy = _only_strategy(_module(files[name]), files[name])
    check_complete(strategy, str(files[name]), StrategyError)
    if files[name].parent != _shipped_folder():
        copyreg.pickle(strategy, _reduced)
    return strategy


def _reduced(strategy: Strategy) -> tuple[Any, ...]:
    """Return how to unpickle a strategy whose class another process has to load from its file."""
    fields = {name: getattr(strategy, name) for name in strategy.model_fields_set}
    return _restored, (inspect.getfile(type(strategy)), fields)


def _restored(file: str, fields: Mapping[str, Any]) -> Strategy:
    path = Path(file)
    if not path.is_file():
        raise StrategyError(f"{path}: no such file; expected the strategy that was pickled")
    return with_settings(find_strategy(path.stem, path.parent.parent), path.stem, fields)


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
    own = [place / _FOLDER for place in folders_of_project(folder)]
    files: dict[str, Path] = {}
    for place in [*own, _shipped_folder()]:
        for path in sorted(place.glob("*.py")) if place.is_dir() else ():
            if path.is_file() and not path.name.startswith("_"):
                files.setdefault(path.stem, path)
    return files


def shipped_strategies() -> frozenset[str]:
    """Return the names of the strategies that came with the package."""
    return frozenset(path.stem for path in _shipped_folder().glob("*.py") if not path.name.startswith("_"))


def folders_of_project(folder: Path) -> list[Path]:
    """Return a folder and the folders above it up to the root of its project, the nearest first.

    Own code is searched in these folders alone: a strategy that someone left in a shared folder, such as the temporary
    one, is never run. The root has one of `ROOT_MARKS`; without a mark it is the current folder, or else the folder
    itself.
    """
    here = folder.resolve()
    above = [here, *here.parents]
    marked = (place for place in above if any((place / mark).exists() for mark in ROOT_MARKS))
    current = Path.cwd()
    root = next(marked, current if current in above else here)
    return above[: above.index(root) + 1]


def _beyond(name: str, folder: Path) -> str:
    """Return a hint if a strategy's file exists above the root of the project; empty otherwise."""
    here, searched = folder.resolve(), folders_of_project(folder)
    files = [place / _FOLDER / f"{name}.py" for place in here.parents if place not in searched]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        return ""
    return (
        f" {found} is above the root of the project, {searched[-1]}, so it is not used. "
        f"Hint: an empty {ROOT_MARKS[0]} in {found.parent.parent} makes that folder the root."
    )


def _shipped_folder() -> Path:
    return Path(importlib.import_module(_SHIPPED).__path__[0]).resolve()


def _module(path: Path) -> ModuleType:
    if path.parent.resolve() == _shipped_folder():
        return importlib.import_module(f"{_SHIPPED}.{path.stem}")
    package = _package(path.parent)
    known = sys.modules.get(f"{package}.{path.stem}")
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(f"{package}.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{path}: cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        with reported(StrategyError, file=str(path), expected=(ImportError,)):
            spec.loader.exec_module(module)
    except ImportError as problem:
        del sys.modules[module.__name__]
        raise StrategyError(
            f"{place_in_own_code(problem, str(path))}: {_import_problem(problem, package)}"
        ) from problem
    except BaseException:
        del sys.modules[module.__name__]
        raise
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
