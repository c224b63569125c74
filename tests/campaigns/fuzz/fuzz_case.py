"""A case of fuzzing, and the judgement of how it ends: with a result, a clear error, or a fault of the program."""

import contextlib
import io
import os
import re
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backtest.errors import BacktestError
from campaigns.audit_events import changed_paths, watching

SECONDS = 10.0
"""Processor time of a case; a fault if it takes more."""

_ROOT = Path(__file__).resolve().parents[3]
_CODE = ("backtest", "strategies")
_LONGEST_LINE = 1000  # characters of one line of a message
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Case:
    """Input of the program.

    Args:
        files: files of the folder that the case runs in, by path.
        act: function that runs the case in that folder and yields what is wrong with its result.
        text: the input for a reader.
    """

    files: Mapping[str, bytes]
    act: Callable[[], Iterator[str]]
    text: str


@dataclass(frozen=True)
class Outcome:
    """End of a case.

    Args:
        kind: `result`, `error` (one that is meant for the user) or `fault`.
        what: the type of the error, or what is wrong, the same for all faults of a kind.
        details: the message or the traceback.
    """

    kind: str
    what: str
    details: str = ""


class TooLong(BaseException):
    """The case has used up its time; no handler of `Exception` catches it."""


def judged(case: Case) -> Outcome:
    """Run a case in a temporary folder and return how it ends."""
    outside: list[str] = []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place, contextlib.chdir(place):
        for name, content in case.files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(content)

        def note(event: str, arguments: tuple[Any, ...]) -> None:
            outside.extend(path for path in changed_paths(event, arguments) if not _is_allowed(path, place))

        with _quiet() as heard, watching(note):
            outcome = _ended(case)
    if outcome.kind == "fault":
        return outcome
    if outside:
        return Outcome("fault", "writes outside of its folder", outside[0])
    return Outcome("fault", f"warning from {heard[0].partition(': ')[0]}", heard[0]) if heard else outcome


def _ended(case: Case) -> Outcome:
    before = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        wrong = next(case.act(), None)
    except BacktestError as problem:
        return _of_message(problem)
    except TooLong:
        return Outcome("fault", f"hang in {_place(sys.exc_info()[2])}", traceback.format_exc())
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # noqa: BLE001 - this is what the campaign looks for
        return Outcome("fault", f"{type(problem).__name__} in {_place(problem.__traceback__)}", traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return Outcome("result", "") if wrong is None else Outcome("fault", wrong)


def _of_message(problem: BacktestError) -> Outcome:
    """Return the outcome of an error: clear if each line of its message is short and can be printed."""
    what, text = type(problem).__name__, str(problem)
    if unprintable := _UNPRINTABLE.search(text):
        return Outcome("fault", f"message of {what} has control characters", repr(unprintable[0]) + repr(text[:500]))
    longest = max(map(len, text.splitlines()), default=0)
    if not 10 < longest <= _LONGEST_LINE:
        return Outcome("fault", f"message of {what} is {'long' if longest else 'empty'}", f"{longest}: {text[:500]}")
    return Outcome("error", what, text)


def _place(trace: Any) -> str:
    """Return file and function of the last frame in this project's own code."""
    frames = [frame for frame in traceback.extract_tb(trace) if Path(frame.filename).is_relative_to(_ROOT)]
    frames = [frame for frame in frames if frame.filename != __file__]
    own = [frame for frame in frames if Path(frame.filename).relative_to(_ROOT).parts[0] in _CODE] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].name}" if own else "no code of this project"


def _is_allowed(path: str, folder: str) -> bool:
    """Return whether a case may change a path: below its folder, or in a cache of Python or matplotlib."""
    whole = os.path.realpath(path)
    return whole.startswith((os.path.realpath(folder), "/dev/null")) or "__pycache__" in whole or "matplotlib" in whole


def _stop(*_: object) -> None:
    raise TooLong


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep output from the terminal, and collect the warnings that Python would print there."""
    heard: list[str] = []

    def hear(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        heard.append(f"{Path(filename).name}:{lineno}: {category.__name__}: {message}")

    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.showwarning = hear  # type: ignore[assignment] # restored by catch_warnings
        yield heard
