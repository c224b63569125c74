"""`verify`: true reports are intact, and any change of a file or of a number in a table is found by file and row."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from backtest.analysis.result import BacktestResult
from backtest.engine.terms import Terms
from backtest.errors import ReportError
from backtest.reporting.files.comparison_files import files_of, manifest_of
from backtest.reporting.files.manifest import environment, versions
from backtest.reporting.files.report_files import contents_of, manifest_of_result, write_manifest
from backtest.reporting.files.verified import verify
from backtest.runs.compared_runs import compare
from support.builders.ledger_result import random_run, terms_of
from support.builders.synthetic_result import synthetic_result
from support.command_line import command
from support.files.small_run import run_small


def put(folder: Path, result: BacktestResult) -> Path:
    """Write tables, summary and manifest of a result, without pages and figures."""
    folder.mkdir()
    for name, content in contents_of(result).items():
        (folder / name).write_bytes(content)
    write_manifest(folder, manifest_of_result(result, versions(), environment()))
    return folder


def sign_again(folder: Path) -> None:
    """Write the checksums of changed files into the manifest, as someone who hides a change would."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_small(tmp_path_factory.mktemp("run"), command)


@pytest.fixture
def done(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "done"))


# Intact reports


def test_a_finished_run_is_intact(done: Path) -> None:
    count = len([path for path in done.rglob("*") if path.is_file()]) - 1
    answer = command("verify", done)
    assert (answer.code, answer.out, answer.err) == (0, f"{done}: intact ({count} files)\n", "")


@pytest.mark.parametrize("leverage", [0.5, 1.5, 8.0])
def test_the_identities_hold_for_any_terms(leverage: float, tmp_path: Path) -> None:
    """Long and short, with all costs; at eight times NAV most runs are ruined."""
    for seed in range(6):
        result = random_run(seed, leverage=leverage, volatility=0.08)
        assert verify(put(tmp_path / str(seed), result)).problems == ()


@pytest.mark.parametrize("config", ["levered_erc_futures", "daily/60_40_in_funds"])
def test_the_identities_hold_for_futures_and_funds(config: str, tmp_path: Path) -> None:
    import backtest as bt

    assert verify(put(tmp_path / "run", bt.run(f"configs/{config}.yaml"))).problems == ()


def test_a_comparison_is_checked_by_its_checksums(tmp_path: Path) -> None:
    found = compare([synthetic_result(name=name, seed=seed, benchmark=False) for seed, name in enumerate("ab")])
    for name, content in files_of(found).items():
        (tmp_path / name).write_bytes(content)
    write_manifest(tmp_path, manifest_of(found, environment()))
    assert verify(tmp_path).problems == ()
    (tmp_path / "nav.csv").write_text("date,a,b\n")
    assert verify(tmp_path).problems == ("nav.csv: changed since the report was written (its SHA-256 differs)",)


# Files


def test_missing_changed_and_further_files_are_named(done: Path) -> None:
    (done / "tearsheet.html").unlink()
    (done / "figures/growth.png").write_bytes(b"")
    (done / "mine.txt").write_text("my own notes")
    answer = command("verify", done)
    assert answer.code == 4
    assert answer.out.splitlines() == [
        "note: mine.txt: not a file of the report",
        f"{done}: damaged",
        "  tearsheet.html: missing",
        "  figures/growth.png: changed since the report was written (its SHA-256 differs)",
    ]


def test_a_report_of_an_earlier_version_is_checked_by_its_accounting(done: Path) -> None:
    manifest = json.loads((done / "manifest.json").read_text("utf-8"))
    del manifest["files"]
    (done / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    verified = verify(done)
    assert (verified.files, verified.problems) == (0, ())
    assert verified.notes == ("manifest.json has no checksums, so only the accounting is checked",)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"made_by": "another program"}'])
def test_a_folder_that_is_not_a_report_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ReportError, match=r"manifest\.json .*; expected a folder of a report"):
        verify(tmp_path)


# Numbers


def cell(row: int, column: int, value: str) -> Callable[[str], str]:
    """Return an edit of one cell of a CSV file; row 1 is the header."""

    def edit(text: str) -> str:
        lines = [line.split(",") for line in text.splitlines()]
        lines[row - 1][column] = value
        return "\n".join(",".join(line) for line in lines) + "\n"

    return edit


def without(row: int) -> Callable[[str], str]:
    return lambda text: "".join(text.splitlines(keepends=True)[: row - 1] + text.splitlines(keepends=True)[row:])


EDITS = {
    "a NAV": ("nav.csv", cell(9, 1, "1.5"), "contributions.csv: row 9 (2010-08-31): contributions add up to "),
    "a NAV of the benchmark": ("nav.csv", cell(9, 2, "1.5"), "returns.csv: row 8 (2010-08-31): return of benchmark "),
    "a first NAV": ("nav.csv", cell(2, 1, "2.0"), "contributions.csv: row 2 (2010-01-31): contributions add up to "),
    "a return": ("returns.csv", cell(9, 1, "0.5"), "returns.csv: row 9 (2010-09-30): return of strategy 0.5, "),
    "a contribution": ("contributions.csv", cell(9, 1, "0.5"), "contributions.csv: row 9 (2010-08-31): contributions "),
    "a cost": ("costs.csv", cell(9, 1, "0.5"), "costs.csv: row 9 (2010-08-31): trading 0.5, expected "),
    "a sign": ("costs.csv", lambda text: text.replace("0.0", "-0.0"), "costs.csv: row "),
    "a year": ("attribution.csv", cell(3, 1, "0.5"), "attribution.csv: row 3 (2011-12-31): contributions of the year "),
    "a risk": ("risk_contributions.csv", cell(5, 1, "0.5"), "forecast_volatility.csv: row 5 "),
    "a volatility": ("forecast_volatility.csv", cell(5, 1, "0.5"), "forecast_volatility.csv: row 5 "),
    "a summary": (
        "summary.json",
        lambda text: text.replace('"total_return": ', '"total_return": 1e3, "was": '),
        "summary.json: total_return: ",
    ),
    "no summary": ("summary.json", lambda _: "[]", "summary.json: cannot be read (TypeError: "),
    "a missing row": ("nav.csv", without(9), "contributions.csv: row 9 (2010-08-31): expected 2010-09-30, as in "),
    "a missing end": ("weights.csv", without(61), "weights.csv: ends at row 60; expected 2014-12-31 too"),
    "a date": ("costs.csv", cell(9, 0, "never"), "costs.csv: not every row begins with a date"),
    "text": ("contributions.csv", cell(9, 1, "much"), "contributions.csv: could not convert string to float: 'much'"),
    "a missing column": (
        "costs.csv",
        lambda text: text.replace("borrow", "other", 1),
        "costs.csv: no column borrow",
    ),
    "no table": ("nav.csv", lambda _: "", "nav.csv: cannot be read ("),
    "one date": ("nav.csv", lambda text: "".join(text.splitlines(keepends=True)[:2]), "nav.csv: expected two or more "),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_changed_number_is_found_even_if_its_checksum_is_right(done: Path, edit: str) -> None:
    name, change, line = EDITS[edit]
    path = done / name
    before = path.read_text("utf-8")
    path.write_text(change(before), encoding="utf-8")
    assert verify(done).problems[0] == f"{name}: changed since the report was written (its SHA-256 differs)"
    sign_again(done)
    problems = verify(done).problems
    assert any(problem.startswith(line) for problem in problems), problems


def test_weights_between_trades_follow_from_contributions(tmp_path: Path) -> None:
    """A levered book that is traded about every third month."""
    folder = put(tmp_path / "run", random_run(1, _terms()))
    trades = {line.split(",")[0] for line in (folder / "trades.csv").read_text("utf-8").splitlines()[1:]}
    lines = (folder / "weights.csv").read_text("utf-8").splitlines()
    row = next(row for row, line in enumerate(lines[3:], start=4) if line.split(",")[0] not in trades)
    (folder / "weights.csv").write_text(cell(row, 2, "0.123")("\n".join(lines)))
    sign_again(folder)
    (problem,) = verify(folder).problems
    day = lines[row - 1].split(",")[0]
    assert problem.startswith(f"weights.csv: row {row} ({day}): weight of bonds 0.123, expected ")


def _terms() -> Terms:
    return terms_of(3, 0.001, 0.01, 0.0, 0.0, 0.0, 0.005)
