"""Adding a metric takes one record and its function: everything that shows metrics follows.

A record is added to a copy of the package, at the end of a family of records. A separate process runs a small
comparison with the copy, and the metric has to appear wherever metrics appear.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.pages.read_page import Page

ROOT = Path(__file__).parents[2]
FAMILY = "backtest/analysis/metrics/records/performance_records.py"
KEY, LABEL, MEANING = "best_period", "Best period", "Largest return of a single period."

RECORD = f"""

def _best_period(run: RunNumbers) -> float:
    return float(run.returns.max())


PERFORMANCE += (
    MetricRecord(
        key="{KEY}",
        label="{LABEL}",
        meaning="{MEANING}",
        form="percent",
        group="Return",
        better="higher",
        value=_best_period,
        shown=EVERYWHERE,
    ),
)
"""

PROGRAM = """
import sys
from pathlib import Path
from typer.testing import CliRunner
from backtest.analysis.metrics import metric_registry
from backtest.cli import app
from backtest.reporting.figures import comparison_figures, run_figures
from scripts.metrics_page import metrics_page

run_figures.render_all = comparison_figures.render_comparison = lambda _: {}  # they show no metric
assert Path(metric_registry.__file__).is_relative_to(Path.cwd()), metric_registry.__file__
for command in (["run", "configs/60_40.yaml"], ["compare", "configs/60_40.yaml", "configs/equal_weight.yaml"]):
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    Path(f"{command[0]}.txt").write_text(done.output, encoding="utf-8")
Path("metrics.md").write_text(metrics_page(), encoding="utf-8")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the copy, after the commands have run in it."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("backtest", "configs", "scripts", "strategies"):
        shutil.copytree(ROOT / name, folder / name)  # with the compiled kernels and their modification times
    with (folder / FAMILY).open("a", encoding="utf-8") as file:
        file.write(RECORD)
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "120"}
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=folder, env=environment, check=True)
    return folder


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "reports/60_40/summary.json").read_text(encoding="utf-8"))
    return found


def test_the_new_metric_is_in_the_summary(summary: dict[str, Any]) -> None:
    assert summary[KEY] > 0


def test_the_new_metric_is_a_row_and_a_card_of_the_tearsheet(folder: Path, summary: dict[str, Any]) -> None:
    page = Page((folder / "reports/60_40/tearsheet.html").read_text(encoding="utf-8"))
    assert [LABEL, f"{summary[KEY]:.1%}"] in page.table("Return")
    assert page.text.count(LABEL) >= 3  # a card, the row and its meaning
    assert MEANING in page.text


def test_the_new_metric_is_compared_and_its_best_value_marked(folder: Path) -> None:
    report = folder / "reports/60_40_vs_equal_weight"
    compared = json.loads((report / "comparison.json").read_text(encoding="utf-8"))["metrics"][KEY]
    (best,) = compared["best"]
    assert compared["better"] == "higher"
    assert compared["values"][best] == max(compared["values"].values())
    page = Page((report / "comparison.html").read_text(encoding="utf-8"))
    (row,) = [row for row in page.table("Measure") if row[0] == LABEL]
    marked = {name: cell.endswith("★ best") for name, cell in zip(compared["values"], row[1:], strict=True)}
    assert marked == {name: name == best for name in compared["values"]}
    assert LABEL in page.table("Strategy")[0]


def test_the_new_metric_is_in_the_terminal(folder: Path, summary: dict[str, Any]) -> None:
    (line,) = [line for line in (folder / "run.txt").read_text(encoding="utf-8").splitlines() if LABEL in line]
    assert f"{100 * summary[KEY]:.2f} %" in line
    (line,) = [line for line in (folder / "compare.txt").read_text(encoding="utf-8").splitlines() if LABEL in line]
    assert line.count("*") == 1


def test_the_new_metric_is_in_the_docs(folder: Path) -> None:
    (line,) = [line for line in (folder / "metrics.md").read_text(encoding="utf-8").splitlines() if LABEL in line]
    assert line.startswith(f"| {LABEL} | `{KEY}` | {MEANING} | 0.0% | higher |")
