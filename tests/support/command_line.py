"""The command line as a user sees it, within this process: its output and its exit code."""

import contextlib
import io
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from backtest.cli import main
from support.patience import HANG

COMPILING = "compiling for this machine, once; later runs start at once"
FONTS = "Matplotlib is building the font cache; this may take a moment."  # matplotlib's own message after 5 s


@dataclass(frozen=True)
class Answer:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def command(*arguments: str | Path, encoding: str = "utf-8") -> Answer:
    """Run a command; an exception that the command line lets through is raised here too, as a traceback would be."""
    out, err = _Output(encoding), io.StringIO()
    code: object = 0
    with (
        patch.object(sys, "argv", ["backtest", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int)
    return answer_of(code, out.getvalue(), err.getvalue())


class _Output(io.StringIO):
    """Text that a command prints for readers of an encoding."""

    encoding = ""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.encoding = encoding

    def write(self, text: str) -> int:
        return super().write(text.encode(self.encoding).decode(self.encoding))


def answer_of(code: int, out: str, err: str) -> Answer:
    """Return exit code and output of a command, without notes about compiling code or listing fonts.

    The first command on a machine prints these notes (about fonts if listing them is slow), as does the first one after
    a change of a kernel: they are not part of its answer.
    """
    return Answer(code, out, err.replace(f"note: {COMPILING}\n", "", 1).replace(f"{FONTS}\n", "", 1))


def in_a_process(*arguments: str, cwd: Path, before: str = "") -> Answer:
    """Run a command in its own process, after the code `before`."""
    code = f"{before}\nfrom backtest.cli import main\nmain()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, timeout=HANG, check=False
    )
    return answer_of(ended.returncode, ended.stdout, ended.stderr)


def percentages(text: str) -> list[float]:
    """Return the percentages in a line."""
    return [float(found) for found in re.findall(r"(-?\d+\.\d+) %", text)]
