"""Finding strategies by the name of their file, or by `package.module:Class`."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from backtest.errors import StrategyError
from backtest.strategy.base import Strategy

_FOLDER = "strategies"


def find_strategy(name: str, folder: Path) -> type[Strategy]:
    """The strategy class of a name.

    `erc` is the one class in `strategies/erc.py`, looked for in `folder` and in the folders above it, then among the
    strategies shipped; `package.module:Class` is imported.

    Raises:
        StrategyError: nothing of that name, a file that cannot be imported, or one that holds not exactly one strategy.
    """
    if ":" in name:
        module_name, _, class_name = name.partition(":")
        found = getattr(_imported(module_name, name), class_name, None)
        if not (isinstance(found, type) and issubclass(found, Strategy)):
            raise StrategyError(f"{name}: {module_name} has no strategy class {class_name}")
        return _complete(found, name)
    files = strategy_files(folder)
    if name not in files:
        close = get_close_matches(name, files, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise StrategyError(f"unknown strategy {name!r}; there are: {', '.join(sorted(files))}.{hint}")
    return _complete(_only_strategy(_module(files[name]), files[name]), str(files[name]))


def strategy_files(folder: Path) -> dict[str, Path]:
    """All strategy files by name that a configuration in `folder` can use; the nearest of a name wins."""
    shipped = Path(importlib.import_module(_FOLDER).__path__[0]).resolve()
    places = [above / _FOLDER for above in (folder.resolve(), *folder.resolve().parents)]
    found: dict[str, Path] = {}
    for place in [*places, shipped]:
        for path in sorted(place.glob("*.py")) if place.is_dir() else ():
            if not path.name.startswith("_"):
                found.setdefault(path.stem, path)
    return found


def _module(path: Path) -> ModuleType:
    shipped = Path(importlib.import_module(_FOLDER).__path__[0]).resolve()
    if path.parent.resolve() == shipped:
        return importlib.import_module(f"{_FOLDER}.{path.stem}")
    unique = f"strategies_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{path}: cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as problem:
        raise StrategyError(f"{path}:{problem.lineno}: {problem.msg}") from problem
    except ImportError as problem:
        raise StrategyError(f"{path}: {problem}") from problem
    except Exception as problem:  # whatever a user's file does when it is read, the user can mend
        at = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(path)]
        first_line = str(problem).strip().partition("\n")[0]
        raise StrategyError(f"{path}:{at[-1] if at else 1}: {type(problem).__name__}: {first_line}") from problem
    return module


def _complete(found: type[Strategy], where: str) -> type[Strategy]:
    if inspect.isabstract(found):
        raise StrategyError(f"{where}: {found.__name__} has no target_weights; expected that method")
    return found


def _imported(module_name: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except (ImportError, TypeError, ValueError) as problem:
        raise StrategyError(f"{name}: {problem}; expected package.module:Class that Python can import") from problem


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
        names = ", ".join(found.__name__ for found in classes) or "none"
        raise StrategyError(
            f"{path}: expected exactly one strategy class, got {names}. Hint: a leading _ hides a base."
        )
    return classes[0]
