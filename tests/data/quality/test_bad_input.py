"""Bad input on the real command line: one line with problem, place and remedy, exit code 2, no traceback.

Every case starts from a good file and a good configuration with one thing wrong, and runs into a folder where an
earlier report stands. After it that report is the same, byte for byte, and nothing is left beside it. A file is
written to be wrong on its line 11 where it can be.
"""

import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from support.command_line import Answer, answer_of, command
from support.patience import HANG

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


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with an earlier report in `reports/mine`, its files as a run leaves them."""
    report = tmp_path / "reports" / "mine"
    (report / "figures").mkdir(parents=True)
    (report / "manifest.json").write_text('{"made_by": "risk-parity-backtest", "config": {}}\n')
    (report / "tearsheet.html").write_bytes(b"<html>earlier</html>\n")
    (report / "nav.csv").write_bytes(b"date,strategy\n2020-01-31,1.0\n")
    (report / "figures" / "growth.png").write_bytes(bytes(range(256)))
    return tmp_path


def refused(work: Path, output: Path | None = None, config: str | Path = "mine.yaml") -> list[str]:
    """The lines of error that a run ends with, and that it ends as it must."""
    before = contents(work)
    answer = command("run", work / config, "--output", output or work / "reports" / "mine")
    _assert_refused(answer)
    assert contents(work) == before
    return [line.removeprefix("error: ") for line in answer.err.splitlines()]


def _assert_refused(answer: Answer) -> None:
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.endswith("\n")
    assert all(line.startswith("error: ") and len(line) > 20 for line in answer.err.splitlines()), answer.err
    assert "Traceback" not in answer.err


def told_of(work: Path, content: Lines | str | bytes, name: str = "p.csv", **settings: str) -> str:
    """The one line that is said of a data file."""
    if isinstance(content, list):
        content = "\n".join(content) + "\n"
    (work / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (work / "mine.yaml").write_text(config_text(name, **settings))
    (line,) = refused(work)
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
    """The asset a is cash, to the last digit: its excess returns are all 0."""
    lines = [line.split(",") for line in good_lines()]
    return [HEADER, *(f"{day},{cash},{b},{cash}" for day, _, b, cash in lines[1:])]


def test_the_unchanged_file_is_accepted(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All other cases differ from this file, with which a run gets as far as its report."""
    (work / "p.csv").write_text("\n".join(good_lines()) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))

    class ReachedError(Exception):
        pass

    def reached(*_: Any, **__: Any) -> None:
        raise ReachedError

    monkeypatch.setattr("backtest.reporting.files.report_files.write_report", reached)
    with pytest.raises(ReachedError):
        command("run", work / "mine.yaml", "--output", work / "reports" / "mine")


# 1. Files that cannot be used, and all that is said of them

SORT = "expected each date once, oldest first. Hint: sort the file by date and leave one row for each."
GAP = "inside its history; expected no missing values, because none are carried forward or filled. Hint: fill in the values, or leave out those rows."  # noqa: E501 - a message is one line
CELL = "Hint: use a decimal point, no thousands separators, and an empty cell for no value."
ABOVE_0 = "expected a finite number above 0. Hint: leave the cell empty where there is no price; for returns set data.values: returns."  # noqa: E501 - a message is one line

EXACT: dict[str, tuple[Callable[[], Lines | str | bytes], str]] = {
    "empty": (str, "p.csv: empty; expected a header and a row for each date"),
    "blank lines only": (lambda: "\n\n", "p.csv: empty; expected a header and a row for each date"),
    "header only": (
        lambda: [HEADER],
        "p.csv: no rows of data; expected at least two dates. Hint: check that the file is complete.",
    ),
    "one row": (
        lambda: good_lines()[:2],
        "p.csv: one row of data; expected at least two dates. Hint: check that the file is complete.",
    ),
    "not monotonic": (swapped, f"p.csv:11: date 2015-09-30 comes after 2015-10-31; {SORT}"),
    "newest first": (
        lambda: [HEADER, *good_lines()[:0:-1]],
        f"p.csv:3: date 2019-11-30 comes after 2019-12-31; {SORT}",
    ),
    "a date twice": (repeated, f"p.csv:11: date 2015-09-30 appears twice; {SORT}"),
    "no date": (
        changed(10, "total,1,2,3"),
        "p.csv:11: 'total' is not a date; expected ISO dates such as 2020-01-31",
    ),
    "an American date": (
        changed(10, "10/31/2015,1,2,3"),
        "p.csv:11: '10/31/2015' is not a date; expected ISO dates such as 2020-01-31",
    ),
    "a day that no month has": (
        changed(10, "2015-10-32,1,2,3"),
        "p.csv:11: '2015-10-32' is not a date; expected ISO dates such as 2020-01-31",
    ),
    "text": (changed(10, "2015-10-31,n.m.,100,100"), f"p.csv:11: a: 'n.m.' is not a number. {CELL}"),
    "a thousands separator": (
        changed(10, '2015-10-31,"1,234.5",100,100'),
        f"p.csv:11: a: '1,234.5' is not a number. {CELL}",
    ),
    "a price of 0": (changed(10, "2015-10-31,0,100,100"), f"p.csv:11: a on 2015-10-31: a price of 0; {ABOVE_0}"),
    "a negative price": (
        changed(10, "2015-10-31,100,-37.63,100"),
        f"p.csv:11: b on 2015-10-31: a price of -37.63; {ABOVE_0}",
    ),
    "an endless price": (
        changed(10, "2015-10-31,inf,100,100"),
        f"p.csv:11: a on 2015-10-31: a price of inf; {ABOVE_0}",
    ),
    "a price beyond doubles": (
        changed(10, "2015-10-31,1e999,100,100"),
        f"p.csv:11: a on 2015-10-31: a price of inf; {ABOVE_0}",
    ),
    "cash below zero": (
        changed(10, "2015-10-31,100,100,-1"),
        f"p.csv:11: cash on 2015-10-31: a price of -1; {ABOVE_0}",
    ),
    "a gap": (changed(10, "2015-10-31,,100,100"), f"p.csv: a has no value on 2015-10-31, {GAP}"),
    "a gap as NaN": (changed(10, "2015-10-31,100,NaN,100"), f"p.csv: b has no value on 2015-10-31, {GAP}"),
    "a gap in cash": (changed(10, "2015-10-31,100,100,"), f"p.csv: cash has no value on 2015-10-31, {GAP}"),
    "a row too short": (changed(10, "2015-10-31,100,100"), f"p.csv: cash has no value on 2015-10-31, {GAP}"),
    "no overlap": (
        halves,
        (
            "p.csv: fewer than two dates that all series share (a 2015-01-31 to 2017-06-30; "
            "b 2017-07-31 to 2019-12-31; cash 2015-01-31 to 2019-12-31). "
            "Hint: leave out the series that does not overlap, or set data.ragged: true."
        ),
    ),
    "a name twice": (
        lambda: ["date,a,b,a,cash", *(f"{line},1" for line in good_lines()[1:])],
        "p.csv:1: column a appears twice; expected each name once",
    ),
    "a month twice": (
        lambda: [*good_lines()[:11], "2015-11-02,100,100,100", "2015-11-30,100,100,100", *good_lines()[12:]],
        (
            "p.csv: the rows are monthly, yet 2015-11 has more than one (2015-11-02, 2015-11-30); "
            "expected one row a month. Hint: leave one of them out."
        ),
    ),
}


@pytest.mark.parametrize(("content", "words"), EXACT.values(), ids=EXACT.keys())
def test_a_bad_file_has_one_complete_message(
    work: Path, content: Callable[[], Lines | str | bytes], words: str
) -> None:
    assert told_of(work, content()) == words


SOME: dict[str, tuple[Callable[[], Lines | str | bytes], list[str]]] = {
    "a row too long": (changed(10, "2015-10-31,100,100,100,100"), ["p.csv", "line 11"]),
    "the first row too long": (changed(1, "2015-01-31,100,100,100,100"), ["p.csv", "2"]),
    "semicolons": (lambda: [line.replace(",", ";") for line in good_lines()], ["p.csv:1: ", "comma"]),
    "tabs": (lambda: [line.replace(",", "\t") for line in good_lines()], ["p.csv:1: ", "comma"]),
    "a column without name": (lambda: [f"{line}," for line in good_lines()], ["p.csv:1: ", "name"]),
    "no column": (lambda: ["date", *DATES], ["p.csv:1: ", "name for each series"]),
    "a page, not a table": (lambda: "<html><body>404 Not Found</body></html>\n", ["p.csv:1: "]),
    "Latin-1": (lambda: "date,a,b,cash\n2015-01-31,é,1,1\n".encode("latin-1"), ["p.csv: ", "UTF-8"]),
    "Latin-1 in the header": (lambda: "date,a,b,cash,é\n".encode("latin-1"), ["p.csv: ", "UTF-8"]),
    "UTF-16": (lambda: "\n".join(good_lines()).encode("utf-16"), ["p.csv: ", "UTF-8"]),
    "a compressed file": (lambda: gzip.compress("\n".join(good_lines()).encode()), ["p.csv: ", "UTF-8"]),
    "no date in a row": (changed(10, ",1,2,3"), ["p.csv:11: ", "date"]),
    "an open quote": (changed(10, '2015-10-31,"100,100,100'), ["p.csv"]),
    "a byte of zero": (changed(10, "2015-10-31,1\x000,100,100"), ["p.csv:11: a: ", "is not a number"]),
    "a month left blank, then text": (
        lambda: [*changed(10, "2015-10-31,x,1,1")()[:5], "", *changed(10, "2015-10-31,x,1,1")()[5:]],
        ["p.csv:12: a: 'x' is not a number"],
    ),
    "a blank line above the header, then text": (
        lambda: ["", *changed(10, "2015-10-31,x,1,1")()],
        ["p.csv:12: a: 'x'"],
    ),
    "yes and no": (lambda: column_a("True"), ["p.csv:2: a: ", "is not a number"]),
    "a series without a value": (lambda: column_a(""), ["p.csv: a has no value"]),
    "an asset that moves as cash does": (cash_twice, [" a ", "variance"]),
    "a jump beyond doubles": (changed(10, "2015-10-31,1e-300,100,100"), ["a"]),
}


@pytest.mark.parametrize(("content", "words"), SOME.values(), ids=SOME.keys())
def test_a_bad_file_has_the_expected_words_in_its_message(
    work: Path, content: Callable[[], Lines | str | bytes], words: list[str]
) -> None:
    line = told_of(work, content())
    assert all(word in line for word in words), line


def test_a_file_without_a_header_is_refused(work: Path) -> None:
    (work / "p.csv").write_text("\n".join(good_lines()[1:]) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))
    names = good_lines()[1].replace(",", ", ").partition(", ")[2]
    assert [line.partition(": ")[2] for line in refused(work)] == [
        f"data.assets[0]: no series a; there are: {names}.",
        f"data.assets[1]: no series b; there are: {names}.",
        f"data.cash: no series cash; there are: {names}.",
    ]


@pytest.mark.parametrize("name", ["Latin-1", "UTF-16", "a row too long", "an open quote"])
def test_library_messages_do_not_reach_the_user(work: Path, name: str) -> None:
    content = SOME[name][0]()
    line = told_of(work, content)
    assert not [word for word in ("codec", "C error", "tokenizing") if word in line], line


# 2. Returns


def test_a_return_of_all_or_more_is_refused(work: Path) -> None:
    lines = good_returns()
    lines[10] = "2015-10-31,-1.5,0.1,0.1"
    words = "expected a finite number above -1. Hint: returns are decimals, 0.01 for 1 %."
    returns = "  values: returns\n"
    assert told_of(work, lines, data=returns) == f"p.csv:11: a on 2015-10-31: a return of -1.5; {words}"
    lines[10] = "2015-10-31,0.1,-1,0.1"
    assert told_of(work, lines, data=returns) == f"p.csv:11: b on 2015-10-31: a return of -1; {words}"
    lines[10] = "2015-10-31,0.1,2.3%,0.1"
    assert told_of(work, lines, data=returns) == f"p.csv:11: b: '2.3%' is not a number. {CELL}"


def test_returns_read_as_prices_are_refused_with_a_hint(work: Path) -> None:
    line = told_of(work, good_returns())
    assert line.startswith("p.csv:")
    assert "data.values: returns" in line
    assert " more)" in line


# 3. Files that are not there, or are something else


def test_a_missing_data_file_is_reported(work: Path) -> None:
    (work / "mine.yaml").write_text(config_text("nope.csv"))
    assert refused(work) == [f"{work / 'nope.csv'}: no such file. Hint: data.path is relative to the configuration."]


def test_a_folder_without_price_files_is_reported(work: Path) -> None:
    (work / "mine.yaml").write_text(config_text("reports"))
    assert refused(work) == [
        f"{work / 'reports'}: a folder without files that end in .csv; expected one for each symbol"
    ]


def test_an_unreadable_data_file_is_reported(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "p.csv")

    monkeypatch.setattr(pd, "read_csv", denied)
    line = told_of(work, good_lines())
    assert "p.csv" in line
    assert "Permission denied" in line


def test_a_file_that_is_not_parquet_is_refused(work: Path) -> None:
    for content in ("\n".join(good_lines()), ""):
        line = told_of(work, content, "p.parquet", source="parquet")
        assert line.startswith("p.parquet: cannot be read as a table (")


def parquet(work: Path, frame: pd.DataFrame) -> list[str]:
    frame.to_parquet(work / "p.parquet")
    (work / "mine.yaml").write_text(config_text("p.parquet", source="parquet"))
    return refused(work)


def good_frame() -> pd.DataFrame:
    rows = [line.split(",") for line in good_lines()[1:]]
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return pd.DataFrame(values, index=pd.DatetimeIndex(DATES), columns=["a", "b", "cash"])


def test_bad_parquet_names_the_row(work: Path) -> None:
    frame = good_frame()
    frame.iloc[9, 0] = -1
    (line,) = parquet(work, frame)
    assert line == f"p.parquet: row 10: a on 2015-10-31: a price of -1; {ABOVE_0}"
    (line,) = parquet(work, good_frame().iloc[::-1])
    assert line == f"p.parquet: row 2: date 2019-11-30 comes after 2019-12-31; {SORT}"
    (line,) = parquet(work, good_frame().iloc[:0])
    assert line == "p.parquet: no rows of data; expected at least two dates. Hint: check that the file is complete."
    (line,) = parquet(work, good_frame().assign(a="x"))
    assert line == f"p.parquet: row 1: a: 'x' is not a number. {CELL}"


def test_parquet_with_other_column_types_is_read(work: Path) -> None:
    assert "date" in parquet(work, pd.DataFrame())[0]
    assert "date" in parquet(work, good_frame().reset_index(drop=True))[0]
    assert "not a number" in parquet(work, good_frame().assign(a=pd.Timestamp("2020-01-01")))[0]
    assert "not a number" in parquet(work, good_frame().assign(a=True))[0]
    lines = parquet(work, good_frame().rename(columns={"a": "x"}))
    assert lines == [f"{work / 'mine.yaml'}:5:12: data.assets[0]: no series a; there are: x, b, cash."]


def test_all_missing_series_are_reported_at_once(work: Path) -> None:
    (work / "p.csv").write_text("\n".join(["date,x,bb,cash", *good_lines()[1:]]) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))
    assert refused(work) == [
        f"{work / 'mine.yaml'}:5:12: data.assets[0]: no series a; there are: x, bb, cash.",
        f"{work / 'mine.yaml'}:5:15: data.assets[1]: no series b; there are: x, bb, cash. Did you mean bb?",
    ]


# 4. Configurations


def test_a_configuration_that_is_missing_a_folder_or_not_yaml_is_reported(work: Path) -> None:
    assert refused(work, config="nope.yaml") == [
        f"{work / 'nope.yaml'}: no such file. Hint: the path is relative to the current folder."
    ]
    assert refused(work, config="reports") == [f"{work / 'reports'}: a folder; expected a YAML file"]
    (work / "p.csv").write_text("\n".join(good_lines()))
    (line,) = refused(work, config="p.csv")  # the arguments in the wrong order
    assert line.startswith(f"{work / 'p.csv'}:1:1: ")
    (work / "mine.yaml").write_text("name: mine\ndata: {source: csv\ncosts: 1\n")
    (line,) = refused(work)
    assert line.startswith(f"{work / 'mine.yaml'}:3:6: not YAML: ")
    (work / "mine.yaml").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert refused(work) == [f"{work / 'mine.yaml'}: not UTF-8 text, so not YAML"]


def test_a_path_that_is_too_long_is_refused(work: Path) -> None:
    (line,) = refused(work, config="x" * 300)
    assert line.startswith(f"{work}/xxx")


def test_each_mistake_of_a_configuration_is_a_line(work: Path) -> None:
    (work / "p.csv").write_text("\n".join(good_lines()) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv", window="-5", more="costs: {trading_bps: -1}\ncost: 2\n"))
    lines = refused(work)
    places = [line.removeprefix(f"{work / 'mine.yaml'}:").split(": ")[:2] for line in lines]
    assert places == [["7:22", "estimation.window"], ["9:22", "costs.trading_bps"], ["10:1", "cost"]]


# 5. Too little data


@pytest.mark.parametrize(
    ("window", "data", "words"),
    [
        ("60", "", ["60 dates", "Hint: a shorter estimation.window"]),
        ("6Y", "", ["60 dates", "Hint: a shorter estimation.window"]),
        ("99999999999999999999", "", ["60 dates", "Hint: a shorter estimation.window"]),
        ("59", "", ["60 dates", "Hint: ", "window"]),
        ("12", "  start: 2019-06-30\n", ["7 dates", "Hint: a shorter estimation.window", "data.start"]),
        ("12", "  start: 2030-01-01\n", ["p.csv", "2030-01-01", "2015-01-31 to 2019-12-31", "Hint: "]),
        ("12", "  end: 2000-01-01\n", ["p.csv", "2000-01-01", "2015-01-31 to 2019-12-31", "Hint: "]),
        ("12", "  start: 2019-12-31\n", ["p.csv", "2019-12-31", "2015-01-31 to 2019-12-31", "Hint: "]),
    ],
)
def test_too_little_data_is_reported_with_the_amount_and_a_hint(
    work: Path, window: str, data: str, words: list[str]
) -> None:
    line = told_of(work, good_lines(), window=window, data=data)
    assert all(word in line for word in words), line


def test_assets_that_never_overlap_are_refused_with_ragged_too(work: Path) -> None:
    line = told_of(work, halves(), data="  ragged: true\n")
    assert "of 2 assets have a full window, expected 2" in line


def test_a_lag_beyond_the_data_is_refused(work: Path) -> None:
    line = told_of(work, good_lines(), more="rebalance: {execution_lag: 100}\n")
    assert "60 dates" in line
    assert "execution_lag" in line


# 6. Folders that cannot be written


@pytest.fixture
def runnable(work: Path) -> Path:
    (work / "p.csv").write_text("\n".join(good_lines()) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))
    return work


def test_a_file_in_place_of_the_report_folder_is_refused(runnable: Path) -> None:
    (runnable / "file").write_text("mine")
    for output in (runnable / "file", runnable / "file" / "deep" / "er"):
        assert refused(runnable, output) == [
            f"{runnable / 'file'}: a file has the name of the report's folder. Hint: choose another --output."
        ]


@pytest.mark.parametrize("manifest", [None, b"{}", b"[]", b"no JSON", b'{"made_by": "another program"}', b"\xff"])
def test_a_folder_that_is_not_a_report_is_never_replaced(runnable: Path, manifest: bytes | None) -> None:
    folder = runnable / "thesis"
    folder.mkdir()
    (folder / "chapter1.tex").write_text("years of work")
    if manifest is not None:
        (folder / "manifest.json").write_bytes(manifest)
    (line,) = refused(runnable, folder)
    assert line == (
        f"{folder}: holds files but no manifest.json of a report, so it is not replaced. "
        "Hint: choose another --output, or empty the folder."
    )


def test_the_current_folder_with_other_files_is_not_replaced(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runnable)
    for output in (".", "./", "reports/.."):
        assert "not replaced" in refused(runnable, Path(output))[0]


def test_missing_permission_is_reported_before_any_work(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode does not stop root, who may run these tests: the system's answer is played."""

    def no_writing(_: Any, mode: int) -> bool:
        return not mode & os.W_OK

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the data were read for nothing")

    monkeypatch.setattr(os, "access", no_writing)
    monkeypatch.setattr("backtest.runs.pipeline.run", never)
    output = runnable / "reports" / "new"
    assert refused(runnable, output) == [
        f"{output}: cannot be written (no permission in {output.parent}). Hint: choose another --output."
    ]


def test_a_read_only_file_system_is_reported_after_the_run(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: Any, **__: Any) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", read_only)
    output = runnable / "reports" / "new"
    assert refused(runnable, output) == [
        f"{output}: cannot be written (Read-only file system). Hint: choose another --output."
    ]


def test_a_name_too_long_for_file_systems_is_reported(runnable: Path) -> None:
    (line,) = refused(runnable, runnable / ("x" * 300))
    assert "cannot be written" in line
    (line,) = refused(runnable, runnable / ("x" * 250))  # possible by itself, not with what is written beside it
    assert "cannot be written" in line


def test_a_full_disk_leaves_the_earlier_report(runnable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "summary.json":
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    output = runnable / "reports" / "mine"
    assert refused(runnable, output) == [
        f"{output}: cannot be written (No space left on device). Hint: choose another --output."
    ]


# 7. As the user has it, in a process of its own


@pytest.mark.parametrize("what", ["data", "configuration", "folder"])
def test_errors_in_a_separate_process(work: Path, what: str) -> None:
    lines = changed(10, "2015-10-31,0,100,100")() if what == "data" else good_lines()
    (work / "p.csv").write_text("\n".join(lines) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv", window="1" if what == "configuration" else "12"))
    if what == "folder":
        (work / "reports" / "mine" / "manifest.json").unlink()
    before = contents(work)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "backtest", "run", "mine.yaml"],
        cwd=work, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    answer = answer_of(ended.returncode, ended.stdout, ended.stderr)
    _assert_refused(answer)
    assert len(answer.err.splitlines()) == 1
    begin = {"data": "error: p.csv:11: ", "configuration": "error: mine.yaml:7:22: ", "folder": "error: reports/mine: "}
    assert answer.err.startswith(begin[what])
    assert contents(work) == before
