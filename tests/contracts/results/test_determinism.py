"""The same configuration and data give the same bytes.

Theorem (design, "What a run leaves behind"): a run is a function of its configuration and data. So two processes that
share nothing, with different seeds of Python's string hashes (which decide the order of sets) and in different folders,
write the same CSV and JSON files, byte for byte. Wall-clock facts are in the manifest alone, under `environment`.
A failure means that a result cannot be repeated, or that two reports cannot be compared by their files.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.patience import HANG

ROOT = Path(__file__).parents[3]
CONFIGS = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name not in {"etf", "sweeps"})

WRITE = """
import sys
from pathlib import Path
import backtest as bt
from backtest.cli import main
from backtest.reporting.files.report_files import json_bytes, tables
from backtest.reporting.files.table_files import csv_bytes

folder = Path("tables")
folder.mkdir()
levered, *configs = sys.argv[1:]
for config in configs:
    result = bt.run(config)
    for name, table in tables(result).items():
        (folder / f"{result.name}.{name}.csv").write_bytes(csv_bytes(table))
    (folder / f"{result.name}.summary.json").write_bytes(json_bytes(result.summary()))
    (folder / f"{result.name}.settings.json").write_bytes(json_bytes(result.settings))
    (folder / f"{result.name}.notes.json").write_bytes(json_bytes({"said": result.notes, "data": result.data_sha256}))
sys.argv = ["backtest", "run", levered, "--output", "report"]
main()
"""


def in_two_processes(folder: Path, one: list[str], another: list[str]) -> list[Path]:
    """Run Python twice at once, with different hash seeds, each in its own folder."""
    folders, processes = [folder / "one", folder / "another"], []
    for place, seed, arguments in zip(folders, ("1", "271828"), (one, another), strict=True):
        place.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, *arguments]
        process = subprocess.Popen(
            command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        processes.append(process)
    for process in processes:
        output, _ = process.communicate(timeout=HANG)
        assert process.returncode == 0, output.decode()
    return folders


def files(folder: Path) -> dict[str, bytes]:
    """Return all CSV and JSON files under a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".csv", ".json")
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of two processes; one runs the configurations in reverse order, some twice.

    So no state left in a process (caches, imported strategies, views) changes the next run.
    """
    configs, write = [str(path) for path in CONFIGS], ["-c", WRITE, str(ROOT / "configs" / "levered_erc.yaml")]
    return in_two_processes(
        tmp_path_factory.mktemp("processes"), [*write, *configs], [*write, *configs[:3], *configs[::-1]]
    )


def test_two_processes_write_the_same_bytes(folders: list[Path]) -> None:
    """Every shipped configuration, every table and the summary."""
    one, another = (files(folder / "tables") for folder in folders)
    assert len(one) == 14 * len(CONFIGS)
    assert [name for name in one.keys() | another.keys() if one.get(name) != another.get(name)] == []


def test_the_command_line_writes_the_same_bytes(folders: list[Path]) -> None:
    """Reports of two runs of one command are equal except for the manifest's `environment`."""
    reports = []
    for folder in folders:
        report = files(folder / "report")
        manifest = json.loads(report.pop("manifest.json"))
        assert manifest.pop("environment"), "the one place for the clock"
        reports.append((report, manifest))
    assert len(reports[0][0]) >= 9
    assert reports[0] == reports[1]
