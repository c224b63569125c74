"""Users' own code (strategies, estimators, metrics, sources): its files, and its errors with their place."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from inspect import getfile, isabstract
from itertools import takewhile
from pathlib import Path
from typing import Any

from backtest.errors import BacktestError

_PYTHON, _PACKAGE = sysconfig.get_path("stdlib"), Path(__file__).parent
_PASS = (BacktestError, KeyboardInterrupt, GeneratorExit)
"""Errors that are not reported as mistakes in the code: clear ones, Ctrl-C, and the end of a generator."""


def own_class(name: str, base: type, raised: type[Exception]) -> Any:
    """Return the class named `package.module:Class`.

    Args:
        name: the class as a configuration names it.
        base: abstract class that it has to extend.
        raised: class of the errors.

    Raises:
        Exception: `raised`, if the module cannot be imported, or has no such class with all methods of `base`.
    """
    module_name, _, class_name = name.partition(":")
    try:
        found = getattr(import_module(module_name), class_name, None)
    except _PASS:
        raise
    except BaseException as problem:
        hint = "" if place_in_own_code(problem) else "; expected package.module:Class that Python can import"
        raise raised(f"{described(problem, f'{name}: ')}{hint}") from problem
    if found is None:
        raise raised(f"{name}: {module_name} has no class {class_name}")
    if not (isinstance(found, type) and issubclass(found, base)):
        methods = ", ".join(sorted(getattr(base, "__abstractmethods__", ())))
        kind, place = base.__name__.lower(), f"{base.__module__}.{base.__name__}"
        article = "an" if kind[0] in "aeiou" else "a"
        raise raised(f"{name}: not {article} {kind}; expected a class that extends {place}, with {methods}")
    check_complete(found, name, raised)
    return found


def check_complete(found: type, where: str, raised: type[Exception]) -> None:
    """Raise `raised` if a class of own code lacks a method of its base."""
    if isabstract(found):
        missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise raised(f"{where}: {found.__name__} has no {missing}; expected that method")


def is_own(found: type) -> bool:
    """Return whether a class did not come with this package; shipped strategies are imported as part of it.

    >>> is_own(BacktestError), is_own(Path)
    (False, True)
    """
    return found.__module__.partition(".")[0] != __package__


def hashes_of(*classes: type) -> dict[str, str]:
    """Return the SHA-256 of the file of each class that did not come with this package, by the path of the file.

    The classes that it extends are included, up to the first that came with this package. A class from an interactive
    session has no file; it is listed by its name, with an empty hash.

    >>> hashes_of(BacktestError)
    {}
    """
    found = {}
    for own in (each for given in classes for each in takewhile(is_own, given.__mro__)):
        try:
            file = Path(getfile(own))
            found[str(file)] = sha256(file.read_bytes()).hexdigest()
        except (TypeError, OSError):  # no file, or one that is gone
            found[own.__qualname__] = ""
    return found


@contextmanager
def reported(
    raised: type[Exception], who: str = "", *, file: str | None = None, expected: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Replace an unexpected error in a block that runs own code by one with its file, its line and its words.

    `BacktestError` and Ctrl-C pass. `sys.exit` does not pass: it would end the program without a message.

    Args:
        raised: class of the error instead.
        who: what was running, with a colon and a blank.
        file: file of the code, if it is known; its last line in the traceback is named.
        expected: other errors that pass.

    Example:
        >>> with reported(ValueError, "Mine: "):
        ...     {}["gold"]
        Traceback (most recent call last):
        ValueError: Mine: KeyError: 'gold'
    """
    try:
        yield
    except BaseException as problem:
        if isinstance(problem, (*_PASS, *expected)):
            raise
        raise raised(described(problem, who, file)) from problem


def described(problem: BaseException, who: str = "", file: str | None = None) -> str:
    """Return `file:line: who: error` for an error of own code; see `reported`."""
    place = place_in_own_code(problem, file) or file
    at = "" if place is None else f"{place}: "
    if isinstance(problem, SyntaxError | ImportError):
        return f"{at}{who}{problem.msg or type(problem).__name__}"
    words = traceback.format_exception_only(problem)[0].strip().partition("\n")[0]  # also if str(problem) fails
    return f"{at}{who}{words.removeprefix(f'{type(problem).__module__}.')}"


def place_in_own_code(problem: BaseException, file: str | None = None) -> str | None:
    """Return `file:line` of the last line of own code that led to an error, or None if there is no such line.

    Args:
        problem: the error.
        file: file of the code, if it is known; otherwise any file that is neither a library's nor this package's.
    """
    if isinstance(problem, SyntaxError) and problem.filename and Path(problem.filename).is_file():
        return f"{problem.filename}:{problem.lineno or 1}"
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if Path(frame.filename).is_file()]
    own = [frame for frame in frames if frame.filename == file] or [
        frame for frame in frames if not _is_of_library(Path(frame.filename))
    ]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else None


def _is_of_library(file: Path) -> bool:
    """Return whether a file belongs to Python, an installed package or this package."""
    installed = {"site-packages", "dist-packages"} & set(file.parts)
    return bool(installed) or any(file.is_relative_to(folder) for folder in (_PYTHON, _PACKAGE))
