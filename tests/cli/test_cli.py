"""The command line: what each command prints, what it ends with, and what it leaves on disk."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.cli import terminal as terminal_writing
from support.command_line import Answer, answer_of, command
from support.patience import HANG

REPOSITORY = Path(__file__).resolve().parents[2]
ERC = REPOSITORY / "configs" / "erc.yaml"

TABLES = {
    "returns", "nav", "weights", "target_weights", "trades", "costs", "contributions", "attribution",
    "risk_contributions", "realised_risk_contributions", "forecast_volatility",
}  # fmt: skip
FILES = {*(f"{name}.csv" for name in TABLES), "tearsheet.html", "summary.json", "manifest.json"}


def numbers(text: str) -> list[float]:
    """The percentages of a line."""
    return [float(found) for found in re.findall(r"(-?\d+\.\d+) %", text)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_a_process(*arguments: str, cwd: Path, before: str = "") -> Answer:
    """The command line in a process of its own; `before` is run in it first."""
    code = f"{before}\nfrom backtest.cli import main\nmain()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, timeout=HANG, check=False
    )
    return answer_of(ended.returncode, ended.stdout, ended.stderr)


# 1. Lists


def test_strategies_lists_each_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    answer = command("strategies")
    assert (answer.code, answer.err) == (0, "")
    heading, *lines = answer.out.splitlines()
    assert heading == "strategy"
    names = sorted(path.stem for path in (REPOSITORY / "strategies").glob("[a-z]*.py"))
    assert [line.split()[0] for line in lines] == names
    assert {"all_weather", "equal_weight", "erc", "inverse_volatility", "levered_erc", "sixty_forty"} <= set(names)
    width = max(len(name) for name in names)
    assert all(line[2 + width : 4 + width] == "  " and line[4 + width] != " " for line in lines)  # in columns
    assert all(line.endswith(".") and len(line) > 40 for line in lines)


def test_strategies_lists_ones_own_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "configs").mkdir()
    (tmp_path / "strategies" / "half.py").write_text(
        "import pandas as pd\n"
        "from backtest.strategy import MarketView, Strategy\n"
        "class Half(Strategy):\n"
        "    '''Half of everything.\n\n    And more.\n    '''\n"
        "    def target_weights(self, view: MarketView) -> pd.Series:\n"
        "        return pd.Series(0.5, index=list(view.assets))\n"
    )
    monkeypatch.chdir(tmp_path)
    answer = command("strategies")
    assert re.search(r"^  half +Half of everything\.$", answer.out, re.MULTILINE)
    assert "levered_erc" in answer.out


def test_assets_lists_the_series_of_both_samples() -> None:
    answer = command("assets")
    assert (answer.code, answer.err) == (0, "")
    monthly, daily = re.split(r"^source: sample_daily$", answer.out, flags=re.MULTILINE)
    assert monthly.startswith("source: sample\n")
    for name, kind in [("us_stocks", "equities"), ("us_tbill", "cash"), ("gold", "commodities"), ("us_cpi", "macro")]:
        assert re.search(rf"^  {name} +{kind}: .{{10,}}$", monthly, re.MULTILINE)
    assert [line.split()[0] for line in daily.strip().splitlines()] == [
        "us_equity", "us_treasury_10y", "gold", "us_tbill", "us_yield_10y",
    ]  # fmt: skip


# 2. The risk of a portfolio


def test_risk_answers_the_articles_example() -> None:
    """60 % at 15 % volatility, 40 % at 5 %, correlation 0.2: 92 % of the risk is in the first, not 86."""
    answer = command("risk", "--volatilities", "0.15,0.05", "--correlation", "0.2", "--weights", "0.6,0.4")
    assert (answer.code, answer.err) == (0, "")
    rows = [numbers(line) for line in answer.out.splitlines() if "%" in line]
    assert rows == [
        [15.00, 60.00, 8.81, 91.76, 25.00, 2.90, 50.00],
        [5.00, 40.00, 0.79, 8.24, 75.00, 2.90, 50.00],
        [100.00, 9.60, 100.00, 100.00, 5.81, 100.00],
    ]
    assert all(word in answer.out for word in ("volatility", "weight", "risk", "share", "ERC weight", "total"))


def test_risk_takes_one_correlation_a_pair_and_equal_weights() -> None:
    """Worked out by hand: variance of the sum over pairs, contributions w_i (Σw)_i / σ."""
    answer = command("risk", "--volatilities", "0.1,0.2,0.3", "--correlation", "0.5,-0.25,0.1")
    sigma, pairs = [0.1, 0.2, 0.3], {(0, 1): 0.5, (0, 2): -0.25, (1, 2): 0.1}
    covariance = [
        [sigma[i] * sigma[j] * (1.0 if i == j else pairs[min(i, j), max(i, j)]) for j in range(3)] for i in range(3)
    ]
    products = [sum(row) / 3 for row in covariance]
    volatility = sum(products) ** 0.5 / 3**0.5
    rows = [numbers(line) for line in answer.out.splitlines() if "%" in line]
    for i in range(3):
        contribution = products[i] / 3 / volatility
        assert rows[i][:4] == pytest.approx(
            [100 * sigma[i], 100 / 3, 100 * contribution, 100 * contribution / volatility], abs=0.0051
        )
    assert rows[3][1] == pytest.approx(100 * volatility, abs=0.0051)
    erc = [row[4] for row in rows[:3]]
    assert sum(erc) == pytest.approx(100, abs=0.02)
    assert [row[6] for row in rows[:3]] == [33.33] * 3
    assert len({row[5] for row in rows[:3]}) == 1


def test_risk_of_one_asset_and_of_a_short_one() -> None:
    assert command("risk", "--volatilities", "0.15").code == 0
    answer = command("risk", "--volatilities", "0.15,0.05", "--weights", "-0.5,1.5")
    rows = [numbers(line) for line in answer.out.splitlines() if "%" in line]
    assert [row[:4] for row in rows[:2]] == [[15.00, -50.00, 5.30, 50.00], [5.00, 150.00, 5.30, 50.00]]


@pytest.mark.parametrize("volatilities", ["0.15,0.05", "0.15,0.05,0.2", "0.15"])
def test_the_table_of_risk_fits_a_terminal(volatilities: str) -> None:
    answer = command("risk", "--volatilities", volatilities)
    assert "…" not in answer.out
    assert "volatility" in answer.out


COMMAS = "expected numbers separated by commas, such as 0.15,0.05"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--volatilities", "0.15,x"], f"--volatilities 0.15,x: {COMMAS}"),
        (["--volatilities", "0.15,"], f"--volatilities 0.15,: {COMMAS}"),
        (["--volatilities", "0.15;0.05"], f"--volatilities 0.15;0.05: {COMMAS}"),
        (["--volatilities", ""], f"--volatilities : {COMMAS}"),
        (["--volatilities", "0.15,0"], "volatilities 0.15,0: expected finite numbers above 0, such as 0.15,0.05"),
        (["--volatilities", "0.15,-0.1"], "volatilities 0.15,-0.1: expected finite numbers above 0"),
        (["--volatilities", "0.15,nan"], "volatilities 0.15,nan: expected finite numbers above 0"),
        (["--volatilities", "0.15,inf"], "volatilities 0.15,inf: expected finite numbers above 0"),
        (["--correlation", "2"], "correlation 2: expected numbers from -1 to 1"),
        (["--correlation", "nan"], "correlation nan: expected numbers from -1 to 1"),
        (["--correlation", "x"], f"--correlation x: {COMMAS}"),
        (["--correlation", "0.1,0.2"], "correlation 0.1,0.2: expected one number"),
        (["--correlation", "-1"], "has no risk"),
        (["--weights", "0.6"], "weights 0.6: expected 2 finite numbers, one for each volatility"),
        (["--weights", "0.6,0.3,0.1"], "weights 0.6,0.3,0.1: expected 2 finite numbers, one for each volatility"),
        (["--weights", "0.6,inf"], "weights 0.6,inf: expected 2 finite numbers, one for each volatility"),
        (["--weights", "0,0"], "weights 0,0: the portfolio has no risk to contribute to"),
        (["--weights", "a,b"], f"--weights a,b: {COMMAS}"),
        (["--volatilities", "0.1,0.1,0.1", "--correlation", "-0.9"], "correlation"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_risk_refuses_what_cannot_be(arguments: list[str], words: str) -> None:
    given = arguments if "--volatilities" in arguments else ["--volatilities", "0.15,0.05", *arguments]
    answer = command("risk", *given)
    assert (answer.code, answer.out) == (2, "")
    (line,) = answer.err.splitlines()
    assert line.startswith("error: ")
    assert words in line


# 3. Help, and commands that are none


def test_help_answers_without_importing_anything_heavy(tmp_path: Path) -> None:
    heavy = "{'pandas', 'numpy', 'scipy', 'matplotlib', 'ruamel', 'pyarrow', 'jinja2'}"
    before = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('imported:', sorted({heavy} & set(sys.modules)), file=sys.stderr))"
    )
    for arguments in (["--help"], ["run", "--help"], ["risk", "-h"], ["open", "--help"], ["list", "--help"]):
        answer = in_a_process(*arguments, cwd=tmp_path, before=before)
        assert answer.code == 0
        assert answer.err == "imported: []\n"
        assert "Usage: " in answer.out
    assert "'pandas'" in in_a_process("assets", cwd=tmp_path, before=before).err  # it would have seen them


def test_help_names_all_commands_and_options() -> None:
    names = ("run", "compare", "breakeven", "open", "list", "strategies", "assets", "risk", "data")
    assert all(f" {name} " in command("--help").out for name in names)
    assert all(option in command("run", "--help").out for option in ("--output", "--json", "--quantstats"))
    assert all(option in command("risk", "--help").out for option in ("--volatilities", "--correlation", "--weights"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["backtest"], "backtest"),
        (["run"], "config"),
        (["run", "x.yaml", "--nope"], "--nope"),
        (["run", "x.yaml", "y.yaml"], "y.yaml"),
        (["risk"], "--volatilities"),
        (["run", "nope.yaml"], "error: nope.yaml: no such file. Hint: the path is relative to the current folder."),
    ],
)
def test_what_is_no_command_is_refused(arguments: list[str], words: str) -> None:
    answer = command(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert "Traceback" not in answer.err


# 4. A run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, Path]:
    """`python -m backtest run configs/erc.yaml --output erc`, once, in a process of its own, warnings being errors."""
    folder = tmp_path_factory.mktemp("run")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "backtest", "run", str(ERC), "--output", "erc"],
        cwd=folder, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    return answer_of(ended.returncode, ended.stdout, ended.stderr), folder / "erc"


def test_a_run_ends_with_the_headline_and_the_place_of_the_page(finished: tuple[Answer, Path]) -> None:
    answer, report = finished
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[-1] == "tearsheet: erc/tearsheet.html"
    assert "1989-01-31 to 2012-12-31" in lines[1]
    assert lines[1].split()[-2:] == ["erc", "60_40"]
    summary = json.loads((report / "summary.json").read_text())
    shown = {"CAGR": "cagr", "volatility": "volatility", "maximum drawdown": "max_drawdown"}
    for label, key in shown.items():
        (line,) = [line for line in lines if line.strip().startswith(label)]
        assert numbers(line) == [pytest.approx(100 * side[key], abs=0.0051) for side in (summary, summary["benchmark"])]
    assert [line for line in lines if line.startswith("note: crude_oil: ")]


def test_growth_is_shown_in_a_line_for_each(finished: tuple[Answer, Path]) -> None:
    """The last NAV of each, behind blocks of one scale: the higher of the two ends in the highest block."""
    answer, report = finished
    lines = answer.out.splitlines()
    begin = lines.index("growth of 1, log scale")
    last = dict(zip(("erc", "60_40"), (report / "nav.csv").read_text().splitlines()[-1].split(",")[1:], strict=True))
    shown = {name: (blocks, end) for name, blocks, end in (line.split() for line in lines[begin + 1 : begin + 3])}
    assert {name: end for name, (_, end) in shown.items()} == {name: f"{float(nav):.2f}" for name, nav in last.items()}
    assert {len(blocks) for blocks, _ in shown.values()} == {48}
    assert shown[max(last, key=lambda name: float(last[name]))][0][-1] == "█"
    assert shown["erc"][0][0] == shown["60_40"][0][0]


def test_a_line_of_blocks_is_exact_on_a_log_scale() -> None:
    """Eight doublings are eight blocks; the other line, of three values, ends half way up."""
    dates = pd.date_range("2000-12-31", periods=8, freq="YE")
    navs = [("doubles", pd.Series(2.0 ** np.arange(8), dates)), ("a", pd.Series([1.0, 1.0, 8.0], dates[:3]))]
    assert terminal_writing.sparklines(navs).splitlines() == [
        "growth of 1, log scale",
        "  doubles  ▁▂▃▄▅▆▇█ 128.00",
        "  a        ▁▁▄ 8.00",
    ]
    ruined = [("lost", pd.Series([1.0, 0.5, 0.0], dates[:3]))]
    assert terminal_writing.sparklines(ruined) == "growth of 1\n  lost  █▅▁ 0.00"
    still = [("still", pd.Series([1.0, 1.0], dates[:2]))]
    assert terminal_writing.sparklines(still).splitlines()[1] == "  still  ▅▅ 1.00"


def test_where_blocks_cannot_be_written_there_are_none(tmp_path: Path) -> None:
    before = "import sys\nsys.stdout.reconfigure(encoding='ascii')"
    answer = in_a_process("run", str(REPOSITORY / "configs/60_40.yaml"), "--output", "x", cwd=tmp_path, before=before)
    assert (answer.code, answer.err) == (0, "")
    assert "growth" not in answer.out
    assert answer.out.isascii()
    assert answer.out.splitlines()[-1] == "tearsheet: x/tearsheet.html"


def test_json_alone_is_the_summary(finished: tuple[Answer, Path], tmp_path: Path) -> None:
    """For scripts: nothing else on stdout; the notes on stderr; the report all the same."""
    shown, report = finished
    answer = command("run", ERC, "--json", "--output", tmp_path / "x")
    assert answer.code == 0
    assert answer.out == (report / "summary.json").read_text(encoding="utf-8")
    assert answer.err.splitlines() == [line for line in shown.out.splitlines() if line.startswith("note: ")]
    assert contents(tmp_path / "x").keys() == contents(report).keys()


def test_a_run_leaves_every_file_of_a_report(finished: tuple[Answer, Path]) -> None:
    _, report = finished
    assert {path.name for path in report.iterdir()} == {*FILES, "figures"}
    pictures = sorted((report / "figures").iterdir())
    assert {"growth", "drawdown", "weights"} <= {path.stem for path in pictures}
    begins = {".png": b"\x89PNG\r\n", ".svg": b"<svg "}
    assert all(path.read_bytes().startswith(begins[path.suffix]) for path in pictures)
    assert len(pictures) == 2 * len({path.stem for path in pictures})
    assert (report / "tearsheet.html").read_text().lower().startswith("<!doctype html>")
    for name in TABLES:
        header, *rows = (report / f"{name}.csv").read_text().splitlines()
        assert header.startswith("date,")
        dates = [row.partition(",")[0] for row in rows]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in dates)
        assert all(first < second for first, second in pairwise(dates))
    assert (report / "nav.csv").read_text().splitlines()[:2] == ["date,strategy,benchmark", "1989-01-31,1.0,1.0"]
    manifest = json.loads((report / "manifest.json").read_text())
    assert manifest["made_by"] == "risk-parity-backtest"
    assert manifest["config"]["name"] == "erc"
    assert manifest["config"]["benchmark"]["name"] == "60_40"
    assert re.fullmatch("[0-9a-f]{64}", manifest["data_sha256"])
    assert list(report.parent.iterdir()) == [report]  # nothing is left beside it


def test_running_again_replaces_the_report_and_gives_the_same_bytes(
    finished: tuple[Answer, Path], tmp_path: Path
) -> None:
    first, report = finished
    again = tmp_path / "reports" / "erc"
    shutil.copytree(report, again)
    (again / "nav.csv").write_text("of an earlier run\n")
    (again / "no_longer_written.csv").write_text("of an earlier run\n")
    answer = command("run", ERC, "--output", again)
    assert answer.code == 0
    assert answer.out.splitlines()[:-1] == first.out.splitlines()[:-1]
    was, now = contents(report), contents(again)
    assert was.keys() == now.keys()
    same = [name for name in was if name.endswith(".csv") or name == "summary.json"]
    assert len(same) == len(TABLES) + 1
    assert [name for name in same if was[name] != now[name]] == []
    one, two = (json.loads(files["manifest.json"]) for files in (was, now))
    del one["environment"], two["environment"]
    assert one == two
    assert [path.name for path in again.parent.iterdir()] == ["erc"]


def test_without_output_the_report_is_named_after_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = command("run", REPOSITORY / "configs" / "60_40.yaml")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "tearsheet: reports/60_40/tearsheet.html"
    assert (tmp_path / "reports" / "60_40" / "manifest.json").is_file()
    assert "benchmark" not in json.loads((tmp_path / "reports" / "60_40" / "summary.json").read_text())
    assert (tmp_path / "reports" / "60_40" / "nav.csv").read_text().startswith("date,strategy\n")


# 5. A run that is cut off


@pytest.fixture
def earlier(tmp_path: Path, finished: tuple[Answer, Path]) -> Path:
    """An earlier report, one that can be told from a new one."""
    report = tmp_path / "reports" / "erc"
    shutil.copytree(finished[1], report)
    (report / "nav.csv").write_text("of an earlier run\n")
    return report


@pytest.mark.parametrize("cut", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_a_run_cut_off_at_its_figures_leaves_the_earlier_report(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, cut: type[BaseException]
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise cut

    before = contents(earlier)
    monkeypatch.setattr("backtest.reporting.figures.run_figures.render_all", stop)
    if cut is KeyboardInterrupt:
        assert command("run", ERC, "--output", earlier).code not in {0, 2}
    else:
        with pytest.raises(cut):
            command("run", ERC, "--output", earlier)
    assert contents(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["erc"]


@pytest.mark.parametrize("cut", [OSError, KeyboardInterrupt])
def test_a_run_cut_off_while_it_is_put_into_place_leaves_the_earlier_report(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, cut: type[BaseException]
) -> None:
    """Where two folders cannot be exchanged in one step: the earlier is moved aside, the new one not there yet."""
    monkeypatch.setattr("backtest.reporting.files.report_folder._exchange", lambda *_: False)
    rename = Path.rename
    before = contents(earlier)

    def stop(self: Path, target: Path) -> Path:
        if Path(target) == earlier and (self / "tearsheet.html").exists() and not self.name.endswith("-old"):
            raise cut
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stop)
    assert command("run", ERC, "--output", earlier).code != 0
    assert contents(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["erc"]


def test_a_killed_run_leaves_the_earlier_report_and_the_next_one_works(earlier: Path) -> None:
    before = contents(earlier)
    kill = (
        "import os, signal\n"
        "import backtest.reporting.files.report_files as files\n"
        "def stop(*_, **__):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.json_bytes = stop\n"
    )
    answer = in_a_process("run", str(ERC), "--output", str(earlier), cwd=earlier.parent, before=kill)
    assert answer.code == -9
    assert contents(earlier) == before
    assert command("run", ERC, "--output", earlier).code == 0
    assert contents(earlier) != before


def test_a_mistake_of_the_project_itself_shows_where_it_is(tmp_path: Path) -> None:
    """A bug is not the user's: its traceback is shown, and the exit code is 1."""
    bug = (
        "import backtest.runs.pipeline as p\ndef fail(*_, **__):\n    raise ZeroDivisionError('a bug')\np.run = fail\n"
    )
    answer = in_a_process("run", str(ERC), "--output", "x", cwd=tmp_path, before=bug)
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert "a bug" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("error", "code"), [("DataUnavailableError", 3), ("DataError", 2), ("ReportError", 2)])
def test_each_error_ends_with_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str, code: int
) -> None:
    from backtest import errors

    def fail(*_: Any, **__: Any) -> None:
        raise getattr(errors, error)("what it says")

    monkeypatch.setattr("backtest.runs.pipeline.run", fail)
    answer = command("run", ERC, "--output", tmp_path / "x")
    assert answer == Answer(code, "", "error: what it says\n")


# 6. The progress bar


class Terminal:
    """A stderr that says it is a terminal, and keeps what is written."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("slow", [False, True])
def test_a_progress_bar_only_on_a_terminal_and_only_where_it_takes_a_while(
    monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    """The timer runs out at once, or never."""

    class Timer(threading.Thread):
        def __init__(self, _: float, show: Callable[[], None]) -> None:
            super().__init__(target=show if slow else lambda: None)

        def start(self) -> None:
            super().start()
            self.join()

        def cancel(self) -> None:
            pass

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(threading, "Timer", Timer)
    with terminal_writing.progress(["one", "two"]) as step:
        step("two")
    assert ("two" in terminal.written) is slow
