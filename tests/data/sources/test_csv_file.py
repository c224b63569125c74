"""CSV files as programs and spreadsheets write them, and as accidents leave them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtest.data.market_data import load
from backtest.errors import DataError
from support.files.bad_files import good_lines
from support.files.loaded_files import csv_settings

LINES = [line.replace(",cash", ",c") for line in good_lines()]
HEADER, *ROWS = LINES
LEVELS = np.array([[float(cell) for cell in row.split(",")[1:3]] for row in ROWS])


def load_bytes(folder: Path, content: bytes) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the prices that are read from a file, and the notes."""
    (folder / "p.csv").write_bytes(content)
    data = load(csv_settings(), folder)
    return data.prices.to_numpy(), data.notes


def text(lines: Sequence[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def numbered(first: str, lines: Sequence[str] = LINES) -> bytes:
    """The file with row numbers before the date."""
    return text([f"{first}{lines[0]}", *(f"{i},{line}" for i, line in enumerate(lines[1:]))])


@pytest.mark.parametrize(
    "content",
    [
        text(LINES, "\r\n"),
        text(LINES, "\r"),  # spreadsheets on the first Macintosh
        text([",,,", "", *LINES]),  # empty rows above the table
        text([*LINES, ",,,", "", ",,,"]),  # and below it
        text([f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"', *ROWS]),
        text(["date, a,b ,c", *ROWS]),
        text(['date,"a\n",b,c', *ROWS]),  # a line break in a cell
        b"\xef\xbb\xbf" + text(LINES),
        numbered(","),  # pandas: to_csv of a frame whose dates are a column
        numbered("Unnamed: 0,"),  # read and written again
        text([f",,{HEADER}", *(f"{i},{i},{row}" for i, row in enumerate(ROWS))]),  # twice
        text([f",{HEADER.partition(',')[2]}", *ROWS]),  # pandas: to_csv of a frame whose index has no name
    ],
)
def test_files_of_spreadsheets_and_pandas_are_read_alike(tmp_path: Path, content: bytes) -> None:
    prices, notes = load_bytes(tmp_path, content)
    assert prices.tolist() == LEVELS.tolist()
    assert notes == ()


def test_pandas_reads_back_what_it_wrote_with_its_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": [row[:10] for row in ROWS], "a": LEVELS[:, 0], "b": LEVELS[:, 1], "c": 100.0})
    frame["c"] += np.arange(len(frame)) / 10
    frame.to_csv(tmp_path / "p.csv")
    assert load(csv_settings(), tmp_path).prices.to_numpy().tolist() == LEVELS.tolist()


def test_a_column_without_name_that_does_not_hold_row_numbers_is_ambiguous(tmp_path: Path) -> None:
    content = text([f",{HEADER}", *(f"{row[:10]},{row}" for row in ROWS)])
    with pytest.raises(DataError, match=r"p\.csv:1: the first column has no name and another one is called date; exp"):
        load_bytes(tmp_path, content)


def test_a_series_called_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"p\.csv:1: column date appears twice"):
        load_bytes(tmp_path, text(["date,a,b,c,date", *(f"{row},1" for row in ROWS)]))


def test_names_that_a_terminal_would_act_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"p\.csv:1: column 'a\\x1b\[2J' has a control character in its name"):
        load_bytes(tmp_path, text(["date,a\x1b[2J,b,c", *ROWS]))


def test_long_cells_are_shortened_in_messages(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a number") as caught:
        load_bytes(tmp_path, text([HEADER, f"2014-12-31,{'x' * 100_000},1,1", *ROWS]))
    assert len(str(caught.value)) < 200


def test_the_columns_of_a_wide_file_are_not_all_listed(tmp_path: Path) -> None:
    names = ",".join(f"s{i}" for i in range(2000))
    (tmp_path / "p.csv").write_text(f"date,{names}\n2020-01-31{',1' * 2000}\n")
    with pytest.raises(DataError, match=r"no column a; it has s0, .* s11 and 1,988 more"):
        load(csv_settings(), tmp_path)


# Rows and files that were cut


def test_an_empty_cell_at_the_end_of_a_row_is_a_missing_value(tmp_path: Path) -> None:
    """The last series begins on the third date; its cells before are empty."""
    lines = ["date,a,c,b", *(",".join(np.array(row.split(","))[[0, 1, 3, 2]]) for row in ROWS)]
    lines[1:3] = [line[: line.rindex(",") + 1] for line in lines[1:3]]
    prices, _ = load_bytes(tmp_path, text(lines))
    assert prices.tolist() == LEVELS[2:].tolist()


@pytest.mark.parametrize("row", [1, 2, 30, 60])
@pytest.mark.parametrize("cells", [1, 2, 3])
def test_a_row_with_fewer_cells_than_the_header_names_its_line(tmp_path: Path, row: int, cells: int) -> None:
    lines = [*LINES]
    lines[row] = ",".join(lines[row].split(",")[:cells])
    words = rf"p\.csv: line {row + 1} has {cells} columns?; expected 4, as in the header\. Hint: is the line complete\?"
    with pytest.raises(DataError, match=words):
        load_bytes(tmp_path, text(lines))


def test_line_numbers_count_line_breaks_in_cells_and_blank_lines(tmp_path: Path) -> None:
    lines = ['date,"a\n",b,c', "", *ROWS]
    lines[-1] = lines[-1][:12]
    with pytest.raises(DataError, match=r"p\.csv: line 63 has 2 columns"):
        load_bytes(tmp_path, text(lines))


def test_a_file_cut_anywhere_in_its_last_two_rows_is_noticed(tmp_path: Path) -> None:
    """A cut leaves an error, or a note on the missing line end; only the whole file has neither."""
    whole = text(LINES)
    end = len(whole) - len(ROWS[-1]) - len(ROWS[-2]) - 2
    for size in range(end, len(whole) + 1):
        complete = whole[:size].endswith(b"\n")
        try:
            _, notes = load_bytes(tmp_path, whole[:size])
        except DataError:
            assert not complete
        else:
            cut = "p.csv: the last line has no line end. Is the file complete?"
            assert (cut in notes) is not complete


def test_a_text_far_down_a_large_file_is_named_without_a_warning(tmp_path: Path) -> None:
    """Pandas parses a million cells at a time, and warns if the pieces of a column differ in type."""
    columns, days = 1000, pd.bdate_range("1990-01-01", periods=1100).strftime("%Y-%m-%d")
    rows = [f"{day}{',1' * columns}" for day in days]
    rows[-1] = f"{days[-1]},x{',1' * (columns - 1)}"
    names = ",".join(f"s{i}" for i in range(columns - 3))
    with pytest.raises(DataError, match=r"p\.csv:1101: a: 'x' is not a number"):
        load_bytes(tmp_path, text([f"{HEADER},{names}", *rows]))
