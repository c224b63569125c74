"""Own code in the record of a run: its files and their SHA-256, and a note where it hides a shipped strategy."""

import json
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import write_strategy

ROOT = Path(__file__).parents[2]
CODE = """
import pandas as pd
from backtest.strategy import MarketView, Strategy


class Mine(Strategy):
    '''Equal weights.'''

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(1 / len(view.assets), index=list(view.assets))
"""


class Interactive(bt.Strategy):
    """A class without a file, once its module is `__main__`."""

    def target_weights(self, view: bt.MarketView) -> pd.Series:
        """Hold cash alone."""
        return pd.Series(0.0, index=list(view.assets))


def no_file(_: object) -> str:
    raise OSError("source code not available")


def run(folder: Path, name: str) -> bt.BacktestResult:
    write_strategy(folder, name, CODE)
    config = folder / "mine.yaml"
    config.write_text(f"extends: {ROOT / 'configs/erc.yaml'}\nname: mine\nstrategy: {name}\nbenchmark: null\n")
    return bt.run(config)


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("name", ["mine", "erc"])
def test_the_manifest_names_own_code_with_its_hash(tmp_path: Path, name: str) -> None:
    result = run(tmp_path, name)
    file = tmp_path / "strategies" / f"{name}.py"
    assert result.own_code == {str(file): sha256(file.read_bytes()).hexdigest()}
    notes = [note for note in result.notes if "shipped" in note]
    assert notes == ([f"strategy erc is {file}, not the shipped one"] if name == "erc" else [])
    bt.write_report(result, tmp_path / "report")
    manifest = json.loads((tmp_path / "report" / "manifest.json").read_text("utf-8"))
    assert manifest["own_code"] == {f"../strategies/{name}.py": result.own_code[str(file)]}
    page = (tmp_path / "report" / "tearsheet.html").read_text("utf-8")
    assert f"own code: {file}, SHA-256" in page
    assert result.own_code[str(file)] in page
    assert manifest["benchmark_own_code"] == {}
    assert set(manifest["versions"]) >= {"numpy", "numba", "clarabel", "scipy", "pandas"}


@pytest.mark.parametrize("name", ["mine", "oas"])
def test_an_own_estimator_is_listed_with_the_file_that_it_extends(tmp_path: Path, name: str) -> None:
    files = [tmp_path / "estimators" / f"{each}.py" for each in (name, "_base")]
    files[0].parent.mkdir()
    files[0].write_text('from ._base import Base\n\n\nclass Mine(Base):\n    """Mine."""\n', encoding="utf-8")
    base = "from backtest.estimation.methods.oas import OAS"
    files[1].write_text(f'{base}\n\n\nclass Base(OAS):\n    """Base."""\n', encoding="utf-8")
    config = tmp_path / "mine.yaml"
    settings = f"name: mine\nestimation: {{covariance: {name}}}\nbenchmark: null\n"
    config.write_text(f"extends: {ROOT / 'configs/erc.yaml'}\n{settings}")
    result = bt.run(config)
    assert result.own_code == {str(file): sha256(file.read_bytes()).hexdigest() for file in files}
    notes = [note for note in result.notes if "shipped" in note]
    assert notes == ([f"estimator oas is {files[0]}, not the shipped one"] if name == "oas" else [])


def test_shipped_code_is_not_listed() -> None:
    result = bt.run("configs/levered_erc.yaml")
    assert result.benchmark is not None
    assert (result.own_code, result.benchmark.own_code) == ({}, {})


def test_a_class_of_an_interactive_session_has_no_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interactive, "__module__", "__main__")
    monkeypatch.setattr("backtest.own_code.getfile", no_file)
    result = bt.run("configs/erc.yaml", {"strategy": Interactive})
    assert result.own_code == {"Interactive": ""}
