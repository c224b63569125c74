"""A user's own source: one class, named in the configuration, cached like the others."""

from pathlib import Path

import pytest

from support.command_line import command

pytestmark = pytest.mark.usefixtures("without_figures")

CODE = """
from pathlib import Path

import numpy as np
import pandas as pd

from backtest.data.raw_series import RawSeries
from backtest.data.sources.source import Source
from backtest.errors import NoNetwork, UnknownSeries

ASKED = Path(__file__).with_name("asked.txt")


class Desk(Source):
    def fetch(self, symbol, since, seconds):
        with ASKED.open("a") as log:
            log.write(symbol + "\\n")
        if symbol == "NOPE":
            raise UnknownSeries(f"desk {symbol}: not traded here")
        if symbol == "DOWN":
            raise NoNetwork(f"desk {symbol}: no answer")
        dates = pd.date_range("2020-01-01", periods=700, freq="B", name="date")
        rng = np.random.default_rng(len(symbol))
        closes = 100 * np.cumprod(1 + 0.01 * rng.standard_normal(700))
        return RawSeries(pd.DataFrame({"close": closes, "dividends": 0.0}, index=dates), f"desk {symbol}", "closes")
"""
CONFIG = """
name: desk
data:
  source: {module}:Desk
  assets: {{A: equities, {second}: bonds}}
  cash: 0.02
  cache: {cache}
strategy: {{name: erc}}
estimation: {{window: 60}}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my_desk.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "my_desk", raising=False)
    return tmp_path


def configuration(desk: Path, second: str) -> Path:
    path = desk / "desk.yaml"
    path.write_text(CONFIG.format(module="my_desk", second=second, cache=desk / "cache"), encoding="utf-8")
    return path


def test_an_own_source_is_fetched_once_and_then_cached(desk: Path) -> None:
    path = configuration(desk, "BB")
    for _ in range(2):
        answer = command("run", path, "--output", desk / "report")
        assert (answer.code, answer.err) == (0, "")
    assert sorted((desk / "asked.txt").read_text().split()) == ["A", "BB"]
    assert "my_desk:Desk" in (desk / "report" / "tearsheet.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("symbol", "code", "words"), [("NOPE", 2, "desk NOPE: not traded here"), ("DOWN", 3, "desk DOWN: no answer")]
)
def test_errors_of_an_own_source_reach_the_user(desk: Path, symbol: str, code: int, words: str) -> None:
    answer = command("run", configuration(desk, symbol), "--output", desk / "report")
    assert (answer.code, answer.err) == (code, f"error: {words}\n")
