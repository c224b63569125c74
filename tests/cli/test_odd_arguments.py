"""Arguments that name nothing: an error of a few lines for every command, without a traceback or control characters."""

import os
from pathlib import Path

import pytest

from support.command_line import command

ODD = {
    "long": "x" * 300,
    "very long": "x/" * 3_000,
    "nobody's home": "~no_such_user/x.yaml",
    "device": "/dev/zero",
    "pipe": "pipe",
    "folder": ".",
    "empty": "",
    "two lines": "a\nb",
    "escape": "\x1b[31m.yaml",
    "not UTF-8": os.fsdecode(b"\xff.yaml"),
    "half a pair": "\ud800.yaml",
    "address": "http://[/run.yaml",
}
COMMANDS = (("run",), ("compare", "mine.yaml"), ("compare",), ("breakeven",), ("open",), ("data", "fetch"))


@pytest.mark.parametrize("argument", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("before", COMMANDS, ids=" ".join)
def test_odd_arguments_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...], argument: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    answer = command(*before, argument)
    assert answer.code == 2
    assert answer.err
    assert "\x1b" not in answer.err
    assert len(answer.err.splitlines()) <= 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe"]
