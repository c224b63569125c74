"""Discovery of users' own classes: by the name of a file in a folder of the project, or by `package.module:Class`."""

import copyreg
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from backtest.errors import BacktestError, suggestion
from backtest.own_code import check_complete, is_own, own_class, place_in_own_code, reported

ROOT_MARKS = ("backtest.toml", "pyproject.toml", ".git")
"""Files and folders of which one marks the root of a project."""


@dataclass(frozen=True)
class OwnKind:
    """A kind of class that users add, and where it is found.

    Args:
        noun: name of the kind in messages.
        folder: name of the folder that has the files.
        base: class that they extend.
        shipped: package of the shipped classes of this kind.
        raised: class of the errors.
    """

    noun: str
    folder: str
    base: type
    shipped: str
    raised: type[BacktestError]

    @property
    def shipped_folder(self) -> Path:
        """Folder of the shipped classes."""
        return Path(importlib.import_module(self.shipped).__path__[0]).resolve()

    def files(self, folder: Path) -> dict[str, Path]:
        """Return the users' files that a configuration in `folder` can use, by name; the nearest file wins."""
        found: dict[str, Path] = {}
        for place in folders_of_project(folder):
            for name, file in files_in(place / self.folder).items():
                found.setdefault(name, file)
        return found

    def load(self, file: Path) -> Any:
        """Return the only class of this kind in a file.

        Raises:
            BacktestError: `raised`, if the file cannot be imported or does not define exactly one class of the kind.
        """
        found = self._only_class(self._module(file), file)
        check_complete(found, str(file), self.raised)
        if is_own(found):
            copyreg.pickle(found, self._reduced)
        return found

    def named(self, name: str) -> Any:
        """Return the class named `package.module:Class`.

        Raises:
            BacktestError: `raised`, if the class cannot be imported, or is not of this kind.
        """
        return own_class(name, self.base, self.raised)

    def unknown(self, name: str, known: Collection[str], folder: Path) -> BacktestError:
        """Return the error for a name that is not known, with a hint if there is such a file above the project."""
        hint = self._beyond(name, folder) or suggestion(name, known)
        return self.raised(f"unknown {self.noun} {name!r}; there are: {', '.join(sorted(known)) or 'none'}.{hint}")

    def restored(self, file: str) -> Any:
        """Return an object without state, of the class in a file, which pickle then fills."""
        if not Path(file).is_file():
            raise self.raised(f"{file}: no such file; expected the {self.noun} that was pickled")
        found = self.load(Path(file))
        return found.__new__(found)

    def _reduced(self, own: Any) -> tuple[Any, ...]:
        """Return how to unpickle an object whose class another process has to load from its file."""
        return self.restored, (inspect.getfile(type(own)),), own.__getstate__()

    def _beyond(self, name: str, folder: Path) -> str:
        """Return a hint if a file of this name exists above the root of the project; empty otherwise."""
        here, searched = folder.resolve(), folders_of_project(folder)
        files = [place / self.folder / f"{name}.py" for place in here.parents if place not in searched]
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            return ""
        return (
            f" {found} is above the root of the project, {searched[-1]}, so it is not used. "
            f"Hint: an empty {ROOT_MARKS[0]} in {found.parent.parent} makes that folder the root."
        )

    def _module(self, path: Path) -> ModuleType:
        if path.parent.resolve() == self.shipped_folder:
            return importlib.import_module(f"{self.shipped}.{path.stem}")
        package = self._package(path.parent)
        known = sys.modules.get(f"{package}.{path.stem}")
        if known is not None:
            return known
        spec = importlib.util.spec_from_file_location(f"{package}.{path.stem}", path)
        if spec is None or spec.loader is None:
            raise self.raised(f"{path}: cannot be imported as Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module.__name__] = module
        try:
            with _without_bytecode(), reported(self.raised, file=str(path), expected=(ImportError,)):
                spec.loader.exec_module(module)
        except ImportError as problem:
            del sys.modules[module.__name__]
            where = place_in_own_code(problem, str(path))
            raise self.raised(f"{where}: {self._import_problem(problem, package)}") from problem
        except BaseException:
            del sys.modules[module.__name__]
            raise
        return module

    def _package(self, folder: Path) -> str:
        """Return the package name of a folder's files: `from .other import Other` looks there, then among the shipped.

        The name depends on the contents of the files, so that files edited between two runs of a process are read
        again.
        """
        try:
            texts = [path.name.encode() + path.read_bytes() for path in sorted(folder.glob("*.py")) if path.is_file()]
        except OSError as problem:
            raise self.raised(f"{problem.filename}: cannot be read ({problem.strerror})") from problem
        contents = b"\0".join([str(folder).encode(), *texts])
        package = ModuleType(f"own_{self.folder}_{hashlib.sha256(contents).hexdigest()[:12]}")
        package.__path__ = [str(folder), str(self.shipped_folder)]
        sys.modules.setdefault(package.__name__, package)
        return package.__name__

    def _import_problem(self, problem: ImportError, package: str) -> str:
        missing = problem.name or ""
        if isinstance(problem, ModuleNotFoundError) and missing.startswith(f"{package}."):
            name = missing.removeprefix(f"{package}.")
            return f"there is no {name}.py in this folder or among the shipped {self.folder}"
        if isinstance(problem, ModuleNotFoundError) and missing.partition(".")[0] == self.folder:
            return (
                f"{problem}. Hint: a shipped {self.noun} is imported from {self.shipped}, "
                "one of your own by `from .name import`."
            )
        return str(problem)

    def _only_class(self, module: ModuleType, path: Path) -> Any:
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, self.base)
            and value.__module__ == module.__name__
            and not value.__name__.startswith("_")
        ]
        if len(classes) != 1:
            names = ", ".join(each.__name__ for each in classes) or "none"
            raise self.raised(
                f"{path}: expected exactly one {self.noun} class, got {names}. "
                "Hint: a class whose name begins with _ is not counted."
            )
        return classes[0]


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """Write no bytecode: Python takes it for current if a file was edited within a second and has the same length."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def files_in(folder: Path) -> dict[str, Path]:
    """Return the Python files of a folder by name, without those whose name begins with `_`."""
    paths = sorted(folder.glob("*.py")) if folder.is_dir() else []
    return {path.stem: path for path in paths if path.is_file() and not path.name.startswith("_")}


def folders_of_project(folder: Path) -> list[Path]:
    """Return a folder and the folders above it up to the root of its project, the nearest first.

    Own code is searched in these folders alone: a strategy that someone left in a shared folder, such as the temporary
    one, is never run. The root has one of `ROOT_MARKS`; without a mark it is the current folder, or else the folder
    itself.
    """
    here = folder.resolve()
    above = [here, *here.parents]
    current = Path.cwd()
    root = marked_root(here) or (current if current in above else here)
    return above[: above.index(root) + 1]


def marked_root(folder: Path) -> Path | None:
    """Return the root of a folder's project: the nearest folder with one of `ROOT_MARKS`; None without a mark."""
    here = folder.resolve()
    return next((place for place in (here, *here.parents) if any((place / mark).exists() for mark in ROOT_MARKS)), None)
