"""Data files that are not regular files, or far too large, are refused before they are read."""

import gzip
import os
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import load
from backtest.data.sources import files, parquet_file
from backtest.data.sources.tables import unpacking
from backtest.data.sources.tables.regular_file import LARGEST, clear_errors, not_readable
from backtest.errors import DataError, NoDataInRange
from support.command_line import command
from support.files.bad_files import config_text, refusal_lines

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


def refusal(folder: Path, path: str, source: str = "csv") -> str:
    """Return the message of a load from this path."""
    settings = DataSettings.model_validate({"source": source, "path": path, "assets": ["a", "b"], "cash": "cash"})
    with pytest.raises(DataError) as caught:
        load(settings, folder)
    return str(caught.value)


@pytest.mark.parametrize("source", ["csv", "parquet"])
def test_only_regular_files_are_opened(tmp_path: Path, source: str) -> None:
    """Opening the pipe would wait for a writer, and the device never ends: a test that fails here hangs."""
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path, "pipe", source) == "pipe: a named pipe; expected a file of prices"
    assert refusal(tmp_path, "/dev/zero", source) == "zero: a device; expected a file of prices"


def test_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is at most 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert refusal(tmp_path, "socket") == "socket: a socket; expected a file of prices"


def test_addresses_of_local_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv"):
        settings = {"source": "csv", "path": f"file://{tmp_path / name}", "assets": ["a"], "cash": 0.0}
        with pytest.raises(DataError, match=r"not a file; expected a file of prices"):
            load(DataSettings.model_validate({**settings, "cache": str(tmp_path / "cache")}), tmp_path)


def test_pipes_in_a_folder_of_files_are_not_series(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("date,a\n")
    os.mkfifo(tmp_path / "data" / "b.csv")
    assert refusal(tmp_path, "data").startswith("data: no file b.csv in this folder")


def test_a_configuration_that_is_a_pipe_or_a_device_is_refused(work: Path) -> None:
    os.mkfifo(work / "pipe.yaml")
    (work / "mine.yaml").write_text("extends: pipe.yaml\n")
    for argument, reason in (("pipe.yaml", "a named pipe"), ("/dev/zero", "a device")):
        answer = command("run", work / argument)
        assert (answer.code, answer.err) == (2, f"error: {work / argument}: {reason}; expected a YAML file\n")
    answer = command("run", work / "mine.yaml")
    assert answer.code == 2
    assert f"{work / 'pipe.yaml'}: a named pipe; expected a YAML file" in answer.err


def test_a_pipe_among_strategy_files_is_not_a_strategy(work: Path) -> None:
    (work / "strategies").mkdir()
    os.mkfifo(work / "strategies" / "pipe.py")
    (work / "p.csv").write_text("date,a,b,cash\n")
    (work / "mine.yaml").write_text(config_text("p.csv", strategy="pipe"))
    answer = command("run", work / "mine.yaml")
    assert answer.code == 2
    assert "pipe" in answer.err


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """The file is sparse: it takes no space, and reading it would take minutes."""
    with (tmp_path / "p.csv").open("wb") as file:
        file.truncate(1000 * LARGEST)
    assert refusal(tmp_path, "p.csv") == "p.csv: larger than 2,048 MiB; expected a file of prices"
    assert not_readable(tmp_path / "p.csv", 1000 * LARGEST) is None


def test_a_file_without_lines_is_refused_after_its_beginning(tmp_path: Path) -> None:
    with (tmp_path / "p.csv").open("wb") as file:
        file.write(b"date,a,b,cash")
        file.truncate(LARGEST)
    assert refusal(tmp_path, "p.csv") == "p.csv:1: no line end within 1 MiB; expected a header"


def test_compressed_files_are_limited_by_their_unpacked_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST", 2**20)
    rows = "date,a,b,cash\n" + "2020-01-31,1,1,1\n" * 2**17
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(rows.encode()))
    assert refusal(tmp_path, "p.csv.gz").startswith("p.csv.gz: larger than ")


def test_parquet_is_limited_by_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal values take almost no space in the file."""
    dates = pd.date_range("1900-01-01", periods=50_000, name="date")
    pd.DataFrame(np.ones((50_000, 3)), index=dates, columns=["a", "b", "cash"]).to_parquet(tmp_path / "p.parquet")
    monkeypatch.setattr(parquet_file, "LARGEST", 2**20)
    assert (tmp_path / "p.parquet").stat().st_size < 2**20 < 50_000 * 4 * 8
    assert refusal(tmp_path, "p.parquet", "parquet").startswith("p.parquet: larger than ")


def test_addresses_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.csv").write_text("date,a,b,cash\n2020-01-31,1,1,1\n2020-02-29,1,1,1\n")
    monkeypatch.setattr(files, "LARGEST", 20)
    monkeypatch.chdir(tmp_path)  # an address has a cache, in the current folder
    assert "larger than " in refusal(tmp_path, f"file://{tmp_path / 'p.csv'}")


def test_any_exception_names_the_file_and_errors_raised_on_purpose_pass() -> None:
    for problem in (KeyError("columns"), RecursionError("deep"), ValueError(""), RuntimeError("\x1b[31m\u2028red")):
        with pytest.raises(DataError, match=r"p\.csv: cannot be read as a table \(") as caught, clear_errors("p.csv"):
            raise problem
        assert str(caught.value).isprintable()
        assert caught.value.__cause__ is problem
    with pytest.raises(DataError, match=r"p\.csv: too large for the memory of this machine"), clear_errors("p.csv"):
        raise MemoryError
    with pytest.raises(NoDataInRange, match="as it was"), clear_errors("p.csv"):
        raise NoDataInRange("as it was")
    with pytest.raises(KeyboardInterrupt), clear_errors("p.csv"):
        raise KeyboardInterrupt


def test_an_error_in_one_file_of_a_folder_names_that_file(work: Path) -> None:
    (work / "data").mkdir()
    (work / "data" / "a.csv.gz").write_bytes(gzip.compress(b"date,a\n2020-01-31,1\n")[:-12])
    (work / "mine.yaml").write_text(config_text("data").replace("[a, b]", "[a]").replace("cash: cash", "cash: 0.0"))
    assert refusal_lines(work) == ["a.csv.gz: damaged, it cannot be unpacked. Hint: is it complete? Save it again."]
