"""Bad data files on the real command line: one line with problem, place and remedy; the earlier report unchanged."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from support.command_line import command
from support.files.bad_files import (
    DATES,
    HEADER,
    Lines,
    cash_twice,
    changed,
    column_a,
    config_text,
    good_lines,
    good_returns,
    halves,
    message_of,
    refusal_lines,
    repeated,
    swapped,
)


def test_the_unchanged_file_is_accepted(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of this file reaches its report; every other case differs from it by one mistake."""
    (work / "p.csv").write_text("\n".join(good_lines()) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))

    class ReachedError(Exception):
        pass

    def reached(*_: Any, **__: Any) -> None:
        raise ReachedError

    monkeypatch.setattr("backtest.reporting.files.report_files.write_report", reached)
    with pytest.raises(ReachedError):
        command("run", work / "mine.yaml", "--replace", "--output", work / "reports" / "mine")


# Files that cannot be used, and their messages

SORT = "expected each date once, oldest first. Hint: sort the file by date and leave one row for each."
GAP = "inside its history; expected no missing values, because none are carried forward or filled. Hint: fill in the values, or leave out those rows."  # noqa: E501 - a message is one line
CELL = "Hint: use a decimal point, no thousands separators, and an empty cell for no value."
SHORT = "as in the header. Hint: is the line complete? An empty cell needs its comma too."
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
    "newest first, but for one": (
        lambda: [HEADER, *good_lines()[:1:-1], "2019-06-15,1,1,1"],
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
    "a decimal comma among points": (
        changed(10, '2015-10-31,"123,5",100,100'),
        f"p.csv:11: a: '123,5' is not a number. {CELL}",
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
    "a row too short": (changed(10, "2015-10-31,100,100"), f"p.csv: line 11 has 3 columns; expected 4, {SHORT}"),
    "a date alone": (changed(10, "2015-10-31"), f"p.csv: line 11 has 1 column; expected 4, {SHORT}"),
    "a last row too short": (changed(60, "2019-12-31,100"), f"p.csv: line 61 has 2 columns; expected 4, {SHORT}"),
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
    assert message_of(work, content()) == words


SOME: dict[str, tuple[Callable[[], Lines | str | bytes], list[str]]] = {
    "a row too long": (changed(10, "2015-10-31,100,100,100,100"), ["p.csv", "line 11"]),
    "the first row too long": (changed(1, "2015-01-31,100,100,100,100"), ["p.csv", "2"]),
    "spaces": (lambda: [line.replace(",", " ") for line in good_lines()], ["p.csv:1: ", "comma", "separator"]),
    "a column without name": (lambda: [f"{HEADER},", *(f"{x},1" for x in good_lines()[1:])], ["p.csv:1: ", "name"]),
    "no column": (lambda: ["date", *DATES], ["p.csv:1: ", "name for each series"]),
    "a page, not a table": (lambda: "<html><body>404 Not Found</body></html>\n", ["p.csv:1: "]),
    "Latin-1": (lambda: "date,a,b,cash\n2015-01-31,é,1,1\n".encode("latin-1"), ["p.csv: ", "UTF-8"]),
    "Latin-1 in the header": (lambda: "date,a,b,cash,é\n".encode("latin-1"), ["p.csv: ", "UTF-8"]),
    "half a file in UTF-16": (lambda: "\n".join(good_lines()).encode("utf-16")[:-1], ["p.csv: ", "UTF-8"]),
    "half a compressed file": (lambda: gzip.compress("\n".join(good_lines()).encode())[:-9], ["p.csv: damaged"]),
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
    line = message_of(work, content())
    assert all(word in line for word in words), line


def test_a_file_without_a_header_is_refused(work: Path) -> None:
    (work / "p.csv").write_text("\n".join(good_lines()[1:]) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))
    names = good_lines()[1].replace(",", ", ").partition(", ")[2]
    assert [line.partition(": ")[2] for line in refusal_lines(work)] == [
        f"data.assets[0]: no series a; available: {names}.",
        f"data.assets[1]: no series b; available: {names}.",
        f"data.cash: no series cash; available: {names}.",
    ]


@pytest.mark.parametrize("name", ["Latin-1", "half a file in UTF-16", "a row too long", "an open quote"])
def test_library_messages_do_not_reach_the_user(work: Path, name: str) -> None:
    content = SOME[name][0]()
    line = message_of(work, content)
    assert not [word for word in ("codec", "C error", "tokenizing") if word in line], line


# Returns


def test_a_return_of_all_or_more_is_refused(work: Path) -> None:
    lines = good_returns()
    lines[10] = "2015-10-31,-1.5,0.1,0.1"
    words = "expected a finite number above -1. Hint: returns are simple and decimals, 0.01 for 1 %, not logarithms."
    returns = "  values: returns\n"
    assert message_of(work, lines, data=returns) == f"p.csv:11: a on 2015-10-31: a return of -1.5; {words}"
    lines[10] = "2015-10-31,0.1,-1,0.1"
    assert message_of(work, lines, data=returns) == f"p.csv:11: b on 2015-10-31: a return of -1; {words}"
    lines[10] = "2015-10-31,0.1,2.3%,0.1"
    assert message_of(work, lines, data=returns) == f"p.csv:11: b: '2.3%' is not a number. {CELL}"


def test_returns_read_as_prices_are_refused_with_a_hint(work: Path) -> None:
    line = message_of(work, good_returns())
    assert line.startswith("p.csv:")
    assert "data.values: returns" in line
    assert " more)" in line


# Files that do not exist, or are not data


def test_a_missing_data_file_is_reported(work: Path) -> None:
    (work / "mine.yaml").write_text(config_text("nope.csv"))
    assert refusal_lines(work) == [f"{work / 'nope.csv'}: no such file. Hint: paths are relative to the configuration."]


def test_a_folder_without_price_files_is_reported(work: Path) -> None:
    (work / "mine.yaml").write_text(config_text("reports"))
    assert refusal_lines(work) == [
        f"{work / 'reports'}: a folder without files that end in .csv; expected one for each symbol"
    ]


def test_an_unreadable_data_file_is_reported(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "p.csv")

    monkeypatch.setattr(pd, "read_csv", denied)
    line = message_of(work, good_lines())
    assert "p.csv" in line
    assert "Permission denied" in line


def test_a_file_that_is_not_parquet_is_refused(work: Path) -> None:
    for content in ("\n".join(good_lines()), ""):
        line = message_of(work, content, "p.parquet", source="parquet")
        assert line.startswith("p.parquet: cannot be read as a table (")


def parquet(work: Path, frame: pd.DataFrame) -> list[str]:
    frame.to_parquet(work / "p.parquet")
    (work / "mine.yaml").write_text(config_text("p.parquet", source="parquet"))
    return refusal_lines(work)


def good_frame() -> pd.DataFrame:
    rows = [line.split(",") for line in good_lines()[1:]]
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return pd.DataFrame(values, index=pd.DatetimeIndex(DATES), columns=["a", "b", "cash"])


def test_bad_parquet_names_the_row(work: Path) -> None:
    frame = good_frame()
    frame.iloc[9, 0] = -1
    (line,) = parquet(work, frame)
    assert line == f"p.parquet: row 10: a on 2015-10-31: a price of -1; {ABOVE_0}"
    frame = good_frame()
    (line,) = parquet(work, pd.concat([frame[:20], frame[:19:-1]]))
    assert line == f"p.parquet: row 22: date 2019-11-30 comes after 2019-12-31; {SORT}"
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
    assert lines == [f"{work / 'mine.yaml'}:5:12: data.assets[0]: no series a; available: x, b, cash."]


def test_all_missing_series_are_reported_at_once(work: Path) -> None:
    (work / "p.csv").write_text("\n".join(["date,x,bb,cash", *good_lines()[1:]]) + "\n")
    (work / "mine.yaml").write_text(config_text("p.csv"))
    assert refusal_lines(work) == [
        f"{work / 'mine.yaml'}:5:12: data.assets[0]: no series a; available: x, bb, cash.",
        f"{work / 'mine.yaml'}:5:15: data.assets[1]: no series b; available: x, bb, cash. Did you mean bb?",
    ]
