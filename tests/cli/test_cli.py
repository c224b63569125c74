"""Lists, the risk command, help, and unknown commands."""

import re
from pathlib import Path

import pytest

from support.command_line import command, in_a_process, percentages

REPOSITORY = Path(__file__).resolve().parents[2]
ERC = REPOSITORY / "configs" / "erc.yaml"


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


def test_strategies_lists_strategies_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_assets_lists_the_series_of_both_samples_and_of_the_library() -> None:
    answer = command("assets")
    assert (answer.code, answer.err) == (0, "")
    monthly, daily, library, by_day = re.split(
        r"^source: (?:sample_daily|library|library_daily)$", answer.out, flags=re.MULTILINE
    )
    assert monthly.startswith("source: sample\n")
    for name, kind in [("us_stocks", "equities"), ("us_tbill", "cash"), ("gold", "commodities"), ("us_cpi", "macro")]:
        assert re.search(rf"^  {name} +{kind}: .{{10,}}$", monthly, re.MULTILINE)
    assert [line.split()[0] for line in daily.strip().splitlines()] == [
        "us_equity", "us_treasury_10y", "gold", "us_tbill", "us_yield_10y",
    ]  # fmt: skip
    assert re.search(
        r"^  us_stocks +equities: US stock market.*\n"
        r" +dates: 1926-06-30 to today; without a network 1926-06-30 to 2021-06-30\n"
        r" +parts: sample us_stocks \(1926-06-30 to 2021-06-30\), then french Mkt \(1926-07-31 to today\), .*\n"
        r" +method: .+\n"
        r" +licence: .+\n",
        library,
        re.MULTILINE,
    )
    assert "dates: 1976-06-01 to today, with a network only" in by_day


# 2. The risk of a portfolio


def test_risk_gives_the_numbers_of_the_articles_example() -> None:
    """60 % at 15 % volatility, 40 % at 5 %, correlation 0.2: 92 % of the risk is in the first, not 86."""
    answer = command("risk", "--volatilities", "0.15,0.05", "--correlation", "0.2", "--weights", "0.6,0.4")
    assert (answer.code, answer.err) == (0, "")
    rows = [percentages(line) for line in answer.out.splitlines() if "%" in line]
    assert rows == [
        [15.00, 60.00, 8.81, 91.76, 25.00, 2.90, 50.00],
        [5.00, 40.00, 0.79, 8.24, 75.00, 2.90, 50.00],
        [100.00, 9.60, 100.00, 100.00, 5.81, 100.00],
    ]
    assert all(word in answer.out for word in ("volatility", "weight", "risk", "share", "ERC weight", "total"))


def test_risk_takes_one_correlation_per_pair_and_equal_weights() -> None:
    """By hand: variance of the sum over pairs, contributions w_i (Σw)_i / σ."""
    answer = command("risk", "--volatilities", "0.1,0.2,0.3", "--correlation", "0.5,-0.25,0.1")
    sigma, pairs = [0.1, 0.2, 0.3], {(0, 1): 0.5, (0, 2): -0.25, (1, 2): 0.1}
    covariance = [
        [sigma[i] * sigma[j] * (1.0 if i == j else pairs[min(i, j), max(i, j)]) for j in range(3)] for i in range(3)
    ]
    products = [sum(row) / 3 for row in covariance]
    volatility = sum(products) ** 0.5 / 3**0.5
    rows = [percentages(line) for line in answer.out.splitlines() if "%" in line]
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


def test_risk_accepts_one_asset_and_short_positions() -> None:
    assert command("risk", "--volatilities", "0.15").code == 0
    answer = command("risk", "--volatilities", "0.15,0.05", "--weights", "-0.5,1.5")
    rows = [percentages(line) for line in answer.out.splitlines() if "%" in line]
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
def test_risk_refuses_impossible_numbers(arguments: list[str], words: str) -> None:
    given = arguments if "--volatilities" in arguments else ["--volatilities", "0.15,0.05", *arguments]
    answer = command("risk", *given)
    assert (answer.code, answer.out) == (2, "")
    (line,) = answer.err.splitlines()
    assert line.startswith("error: ")
    assert words in line


# 3. Help, and unknown commands


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
    names = ("run", "compare", "breakeven", "orders", "open", "list", "strategies", "assets", "risk", "data")
    assert all(f" {name} " in command("--help").out for name in names)
    assert all(option in command("run", "--help").out for option in ("--output", "--json", "--quantstats"))
    assert all(option in command("risk", "--help").out for option in ("--volatilities", "--correlation", "--weights"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["backtest"], "backtest"),
        (["run"], "config"),
        (["run", "x.yaml", "--nope"], "--nope"),
        (["breakeven", "x.yaml", "y.yaml"], "y.yaml"),
        (["risk"], "--volatilities"),
        (["run", "nope.yaml"], "error: nope.yaml: no such file. Hint: the path is relative to the current folder."),
    ],
)
def test_unknown_commands_and_options_are_refused(arguments: list[str], words: str) -> None:
    answer = command(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (MemoryError(), "the command needs more memory than it may use"),
        (OSError(5, "Input/output error", "disk"), "OSError: [Errno 5] Input/output error: 'disk'"),
        (ImportError("libllvmlite.so: cannot map"), "ImportError: libllvmlite.so: cannot map"),
    ],
)
def test_faults_of_the_machine_are_one_line(fault: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr("backtest.strategy.discovery.strategy_files", fail)
    shown = command("strategies")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err.startswith(f"error: {words}; hint: ")
    assert len(shown.err.splitlines()) == 1
