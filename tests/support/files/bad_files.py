"""Files with one mistake each, their configuration, and the refusal that a run ends with.

Every case starts from a good file and a good configuration with one thing wrong. A file is wrong on its line 11 where
it can be.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from support.command_line import Answer, command

ROWS = 60
DATES = [f"{date:%Y-%m-%d}" for date in pd.date_range("2015-01-31", periods=ROWS, freq="ME")]
HEADER = "date,a,b,cash"
Lines = list[str]


def good_lines() -> Lines:
    """Header and 60 months of two assets and cash; the text of line 11 is element 10."""
    rng = np.random.default_rng(20)
    levels = 100 * np.cumprod(1 + rng.normal([0.006, 0.003, 0.001], [0.04, 0.02, 0.0005], (ROWS, 3)), axis=0)
    return [HEADER, *(f"{day},{a:.4f},{b:.4f},{c:.4f}" for day, (a, b, c) in zip(DATES, levels, strict=True))]


def good_returns() -> Lines:
    rng = np.random.default_rng(21)
    rows = rng.normal([0.006, 0.003, 0.001], [0.04, 0.02, 0.0005], (ROWS, 3))
    return [HEADER, *(f"{day},{a:.6f},{b:.6f},{c:.6f}" for day, (a, b, c) in zip(DATES, rows, strict=True))]


def config_text(
    path: str, *, source: str = "csv", data: str = "", window: str = "12", strategy: str = "erc", more: str = ""
) -> str:
    return (
        f"name: mine\ndata:\n  source: {source}\n  path: {path}\n  assets: [a, b]\n  cash: cash\n{data}"
        f"estimation: {{window: {window}}}\nstrategy: {{name: {strategy}}}\n{more}"
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"(folder)"
        for path in sorted(folder.rglob("*"))
    }


def refusal_lines(work: Path, output: Path | None = None, config: str | Path = "mine.yaml") -> list[str]:
    """Return the error lines of a refused run; check that it leaves every file as it was."""
    before = contents(work)
    answer = command("run", work / config, "--replace", "--output", output or work / "reports" / "mine")
    assert_refused(answer)
    assert contents(work) == before
    return [line.removeprefix("error: ") for line in answer.err.splitlines()]


def assert_refused(answer: Answer) -> None:
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.endswith("\n")
    assert all(line.startswith("error: ") and len(line) > 20 for line in answer.err.splitlines()), answer.err
    assert "Traceback" not in answer.err


def message_of(work: Path, content: Lines | str | bytes, name: str = "p.csv", **settings: str) -> str:
    """Return the one error line of a run on a data file with this content."""
    if isinstance(content, list):
        content = "\n".join(content) + "\n"
    (work / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (work / "mine.yaml").write_text(config_text(name, **settings))
    (line,) = refusal_lines(work)
    return line


def changed(row: int, text: str) -> Callable[[], Lines]:
    def lines() -> Lines:
        new = good_lines()
        new[row] = text
        return new

    return lines


def swapped() -> Lines:
    lines = good_lines()
    lines[9], lines[10] = lines[10], lines[9]
    return lines


def repeated() -> Lines:
    lines = good_lines()
    lines.insert(10, lines[9])
    return lines


def halves() -> Lines:
    """The series a ends on the month before b begins."""
    lines = [line.split(",") for line in good_lines()]
    for row, cells in enumerate(lines[1:]):
        cells[1 if row >= 30 else 2] = ""
    return [",".join(cells) for cells in lines]


def column_a(value: str) -> Lines:
    lines = [line.split(",") for line in good_lines()]
    return [HEADER, *(",".join([day, value, *rest]) for day, _, *rest in lines[1:])]


def cash_twice() -> Lines:
    """The asset a equals cash to the last digit, so its excess returns are all 0."""
    lines = [line.split(",") for line in good_lines()]
    return [HEADER, *(f"{day},{cash},{b},{cash}" for day, _, b, cash in lines[1:])]
