# ruff: noqa: E501 - each message is one line
"""Own strategies and sources that fail: one line with file and line, alike in all places where own code is named."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backtest.config import load_config
from backtest.config.manifest_config import config_of_manifest
from backtest.errors import BacktestError, ConfigError
from backtest.runs.pipeline import run
from support.builders.market_files import write_strategy

CONFIG = """\
name: mine
data: {{source: {source}, assets: [gold], cash: 0.02, cache: {cache}}}
strategy: {{name: {strategy}}}
estimation: {{window: 3}}
"""
STRATEGY = """\
import pandas as pd
from backtest.strategy import Strategy


class Own(Strategy):
    '''Own.'''

    def target_weights(self, view):
        {body}
"""
SOURCE = """\
import pandas as pd
from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source


class Own(Source):
    cached = False

    def fetch(self, symbol, since, seconds):
        {body}
"""
NAME = "own_module_of_this_test"
FAILS_TO_PRINT = "class Odd(Exception):\n    def __str__(self):\n        return 1 / 0\n\nraise Odd"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    return tmp_path


def config(folder: Path, *, source: str = "sample", strategy: str = "equal_weight") -> Path:
    """Write a configuration of the bundled sample and a shipped strategy, or of own code."""
    path = folder / "mine.yaml"
    path.write_text(CONFIG.format(source=source, strategy=strategy, cache=folder / "cache"))
    return path


def as_file(folder: Path, code: str) -> tuple[Path, Path]:
    write_strategy(folder, NAME, code)
    return config(folder, strategy=NAME), folder / f"strategies/{NAME}.py"


def as_strategy(folder: Path, code: str) -> tuple[Path, Path]:
    (folder / f"{NAME}.py").write_text(code, encoding="utf-8")
    return config(folder, strategy=f"'{NAME}:Own'"), folder / f"{NAME}.py"


def as_source(folder: Path, code: str) -> tuple[Path, Path]:
    (folder / f"{NAME}.py").write_text(code, encoding="utf-8")
    return config(folder, source=f"'{NAME}:Own'"), folder / f"{NAME}.py"


Written = Callable[[Path, str], tuple[Path, Path]]


@pytest.mark.parametrize("write", [as_file, as_strategy, as_source])
@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("x = 1\nraise RuntimeError('boom\\nmore')", 2, "RuntimeError: boom"),
        ("import sys\nsys.exit(0)", 2, "SystemExit: 0"),
        ("class Own(BaseException): pass\nraise Own", 2, "Own"),
        ("x = 1\ndef x(:", 2, "invalid syntax"),
        ("import no_such_module", 1, "No module named 'no_such_module'"),
        ("import json\n\njson.loads('{')", 3, "JSONDecodeError: "),
        ("def f():\n    f()\nf()", 2, "RecursionError: maximum recursion depth exceeded"),
        (FAILS_TO_PRINT, 5, "Odd: <exception str() failed>"),
    ],
)
def test_code_that_cannot_be_imported_is_named_with_its_line(
    folder: Path, write: Written, code: str, line: int, words: str
) -> None:
    """`sys.exit` too, which would end the program without a message."""
    path, file = write(folder, code)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    place, _, rest = problem.partition(f": {file}:{line}: ")
    assert place.startswith(f"{path}:{2 if write is as_source else 3}:"), problem
    assert words in rest


def test_ctrl_c_ends_the_program_also_in_own_code(folder: Path) -> None:
    path, _ = as_strategy(folder, "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_config(path)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise SystemExit(0)", "{file}:9: Own on 1977-12-31: SystemExit: 0"),
        ("return {}['gold']", "{file}:9: Own on 1977-12-31: KeyError: 'gold'"),
        ("return [1]", "Own on 1977-12-31: returned a list; expected a pandas Series or a dictionary by asset"),
        ("return {'gold': 'x'}", "Own on 1977-12-31: returned weights of type str; expected numbers"),
        ("return {'silver': 1.0}", "Own on 1977-12-31: weights for silver; it may hold gold"),
        ("self.last = 1", "Own on 1977-12-31: last cannot be set: a strategy is frozen, because the same view has to give the same weights. Hint: a field for a setting; view.current_weights for what is held"),
        ("return view.last('soon')", "Own on 1977-12-31: view.last: 'soon' is not a window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
        ("return view.last(0)", "Own on 1977-12-31: view.last: got 0, expected one period or more"),
        ("return pd.Series(['a'], view.assets)", "Own on 1977-12-31: returned weights of type str; expected numbers"),
        ("return pd.Series(view.as_of, view.assets)", "Own on 1977-12-31: returned weights of type datetime64[s]; expected numbers"),
    ],
)  # fmt: skip
def test_a_strategy_that_fails_during_a_run_is_named(folder: Path, body: str, words: str) -> None:
    path, file = as_file(folder, STRATEGY.format(body=body))
    with pytest.raises(BacktestError) as caught:
        run(path)
    assert str(caught.value) == words.format(file=file)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise SystemExit(0)", "{file}:10: {name}: SystemExit: 0"),
        ("return 1 / 0", "{file}:10: {name}: ZeroDivisionError: division by zero"),
        ("return None", "{name}: fetch of gold returned nothing; expected a RawSeries with a DataFrame of values"),
        ("return RawSeries(pd.DataFrame({'level': [1.0]}), 'x', 'levels')", "x: answered with an index other than local dates"),
        ("return RawSeries(pd.DataFrame(), 'x', 'closes')", "{name}: fetch of gold returned closes with the columns []; expected close, each once"),
        ("return RawSeries(pd.DataFrame(), 'x', 'odd')", "{name}: fetch of gold returned the kind 'odd'; expected one of levels, returns, closes, rate, bars"),
    ],
)  # fmt: skip
def test_a_source_that_fails_during_a_run_is_named(folder: Path, body: str, words: str) -> None:
    path, file = as_source(folder, SOURCE.format(body=body))
    with pytest.raises(BacktestError) as caught:
        run(path)
    assert str(caught.value) == words.format(file=file, name=f"{NAME}:Own")


def test_checks_of_an_own_strategy_that_fail_are_named(folder: Path) -> None:
    """Validators and `check_assets` run while the configuration is read."""
    check = "\n\n    def check_assets(self, assets, classes):\n        return classes['silver']\n"
    path, file = as_file(folder, STRATEGY.format(body="return None") + check)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:3:11: strategy: {file}:13: {NAME}: KeyError: 'silver'"


def test_own_settings_that_cannot_be_written_are_named(folder: Path) -> None:
    """The settings of a run are written into its manifest as JSON."""
    code = STRATEGY.format(body="return pd.Series(1.0, view.assets)")
    setting = "    turn: object = object()\n\n    def target_weights"
    path, _ = as_file(folder, code.replace("    def target_weights", setting))
    with pytest.raises(BacktestError, match=rf"^{NAME}: PydanticSerializationError: "):
        run(path)


@pytest.mark.parametrize("settings", [{}, {"strategy": "erc"}, {"strategy": {"name": 1}}, [], None])
def test_a_manifest_without_a_strategy_is_refused(settings: Any) -> None:
    with pytest.raises(ConfigError, match=r"^m\.json: no strategy with a name in it\. Hint: "):
        config_of_manifest({"config": settings}, Path("m.json"))
