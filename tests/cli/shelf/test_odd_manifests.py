"""Manifests that this program did not write, or that were damaged: none stops `list`, `open` or the shelf."""

import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backtest.errors import ReportError
from backtest.reporting.files.finished_run import check_repeated, manifest_of_run
from backtest.reporting.files.shelf_entry import SECTION
from backtest.reporting.pages.shelf_page import find, read_shelf, write_shelf
from support.builders.shelf_reports import put, put_comparison, put_manifest
from support.builders.synthetic_result import synthetic_result
from support.command_line import command
from support.pages.read_page import rows_of


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "content",
    [
        b"", b'{"made_by": "risk-parity-ba', b"\xff\xfe\x00", bytes(range(256)), b"[" * 100_000, b'{"a":' * 100_000,
        b'{"made_by": "risk-parity-backtest", "headline": "\\ud800"}', b"9" * 5000, b" " * (16 * 2**20 + 1),
    ],
    ids=[
        "empty", "cut", "utf-16", "binary", "deep list", "deep object", "half a character", "huge number", "huge file",
    ],
)  # fmt: skip
def test_a_broken_manifest_is_listed_as_unreadable_and_does_not_hide_others(here: Path, content: bytes) -> None:
    put(here / "reports", "whole")
    put(here / "reports", "broken")
    (here / "reports/broken/manifest.json").write_bytes(content)
    page = write_shelf(here / "reports").read_text(encoding="utf-8")
    assert [row[0] for row in rows_of(page, "runs-table")] == ["whole"]
    assert '<a href="./broken/tearsheet.html">broken</a>: its <code>manifest.json</code> cannot be read (' in page
    answer = command("list")
    assert answer.code == 0
    assert next(line for line in answer.out.splitlines() if "broken" in line).startswith("unreadable: broken (")
    kinds = {entry["name"]: entry["kind"] for entry in json.loads(command("list", "--json").out)}
    assert kinds == {"whole": "run", "broken": "unreadable"}
    assert find(here / "reports", "broken").page == "tearsheet.html"  # its page can still be opened


@pytest.mark.parametrize("kind", ["folder", "FIFO", "circle"])
def test_a_manifest_that_is_no_file_is_listed_as_unreadable(here: Path, kind: str) -> None:
    """A FIFO without a writer would be waited for without end."""
    put(here, "odd")
    manifest = here / "odd/manifest.json"
    manifest.unlink()
    makers: dict[str, Callable[[Path], None]] = {
        "folder": Path.mkdir,
        "FIFO": os.mkfifo,
        "circle": lambda path: path.symlink_to(path),
    }
    makers[kind](manifest)
    assert [(one.kind, one.name) for one in read_shelf(here)] == [("unreadable", "odd")]


VALUES: list[Any] = [
    None, True, 0, -1, 10**400, 1e308, -1e308, math.inf, -math.inf, math.nan, "", "text", "\x1b[2J", "x" * 2_000,
    [], [1], {}, {"a": 1}, [[[[]]]], "9999-99-99", "0001-01-01", [math.nan, 1.0], [1e308, -1e308], [0.0] * 2_000,
]  # fmt: skip


def test_any_value_in_any_place_of_a_manifest_is_listed(here: Path) -> None:
    """Every key of a manifest and of its entry has every value once; the page and the list have all other runs too."""
    shelf = here / "reports"
    for source in (put(shelf, "whole"), put_comparison(shelf, ("a", "b"))):
        manifest = json.loads((source / "manifest.json").read_text())
        entry = manifest[SECTION]
        odd = [{**manifest, key: value} for key in manifest if key != "made_by" for value in VALUES]
        odd += [{**manifest, SECTION: {**entry, key: value}} for key in entry for value in VALUES]
        odd += [{**manifest, "environment": {"written_at": value}} for value in VALUES]
        for number, changed in enumerate(odd):
            place = shelf / f"{source.name}_{number}"
            place.mkdir()
            (place / "manifest.json").write_text(json.dumps(changed))
    page = write_shelf(shelf).read_text(encoding="utf-8")
    listed = [row[0] for table in ("runs-table", "comparisons-table") for row in rows_of(page, table)]
    assert {"whole", "a_vs_b"} < set(listed)
    assert len(listed) == sum(1 for place in shelf.iterdir() if place.is_dir())
    assert "\x1b" not in page
    answer = command("list")
    assert (answer.code, answer.err) == (0, "")
    assert "\x1b" not in answer.out
    assert not re.search(r"\b(nan|NaN|inf)\b", answer.out)
    assert command("list", "--json").code == 0


def test_a_folder_whose_name_is_not_plain_text_is_skipped_with_a_warning(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A terminal would obey a control character; a name that is not UTF-8 cannot be written to a page."""
    put(here, "whole")
    for name in (b"esc\x1b[2J", b"bytes\xff"):
        place = Path(os.fsdecode(os.fsencode(here) + b"/" + name))
        put_manifest(place, {"config": {}})
    page = write_shelf(here).read_text(encoding="utf-8")
    assert [row[0] for row in rows_of(page, "runs-table")] == ["whole"]
    assert len(caplog.records) == 2
    assert all("is not listed, because its name is not plain text" in record.getMessage() for record in caplog.records)
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_an_index_that_is_no_file_is_refused(here: Path) -> None:
    put(here, "whole")
    os.mkfifo(here / "index.html")
    with pytest.raises(ReportError, match="was not written by this program"):
        write_shelf(here)


@pytest.mark.parametrize(
    "config",
    [
        None, [], "text", {}, {"name": 1}, {"name": "a", "data": [], "strategy": {"name": "erc"}},
        {"name": "a", "data": {}, "strategy": "erc"}, {"name": "a", "data": {}, "strategy": {"name": 5}},
        {"name": "a", "data": {}, "strategy": {"name": "erc"}, "benchmark": "b"},
        {"name": "a", "data": {}, "strategy": {"name": "erc"}, "benchmark": {"name": "b"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_without_a_configuration_cannot_be_compared(here: Path, config: Any) -> None:
    place = put_manifest(here / "odd", {"config": config})
    with pytest.raises(ReportError, match=r"odd: a folder without the manifest\.json of a run"):
        manifest_of_run(place)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"date,strategy\n", b"date\n2020-01-31\n", b"date,strategy\n2020-01-31,abc\n", b"\xff\xfe",
        b"date,strategy\n2020-01-31,1\n2020-01-31,1\n", b"date,strategy\nnever,1\n", b"date,strategy\n,1\n",
        b'date,strategy\n"2020-01-31,1\n', b"a,b,c\n1,2\n1,2,3,4\n",
    ],
)  # fmt: skip
def test_an_edited_nav_is_refused_before_it_is_compared(here: Path, content: bytes) -> None:
    (here / "nav.csv").write_bytes(content)
    with pytest.raises(ReportError, match=r"nav\.csv: (cannot be read|repeating the run)"):
        check_repeated(synthetic_result(), here)
