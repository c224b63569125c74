"""Discovery: a user's own strategies and the shipped ones are both found, whatever a user's folder looks like."""

import os
import pickle
import re
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from backtest.errors import StrategyError
from backtest.own.own_files import ROOT_MARKS
from backtest.strategy import Strategy
from backtest.strategy.discovery import find_strategy, strategy_files
from support.builders.market_files import write_strategy
from support.patience import HANG

REPOSITORY = Path(__file__).parents[2]
SHIPPED = {path.stem for path in (REPOSITORY / "strategies").glob("[a-z]*.py")}
MINE = """
import pandas as pd
from backtest.strategy import MarketView, Strategy


class Mine(Strategy):
    '''A constant share of each asset.'''

    share: float = {share}

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series(self.share / len(view.assets), index=list(view.assets))
"""
EXTENSION = "from {module} import {base}\n\n\nclass Extension({base}):\n    '''An extension.'''\n"


@pytest.mark.parametrize("init", [None, "", "raise RuntimeError('strategies/__init__.py is not executed')\n"])
@pytest.mark.parametrize("where", [".", "configs", "configs/nested"])
def test_an_own_folder_neither_hides_the_shipped_strategies_nor_is_hidden(
    tmp_path: Path, where: str, init: str | None
) -> None:
    """Next to the configuration or above it, with and without `__init__.py`."""
    write_strategy(tmp_path, "mine", MINE.format(share=0.5))
    (tmp_path / "backtest.toml").touch()
    if init is not None:
        (tmp_path / "strategies/__init__.py").write_text(init, encoding="utf-8")
    folder = tmp_path / where
    folder.mkdir(parents=True, exist_ok=True)
    assert set(strategy_files(folder)) == SHIPPED | {"mine"}
    assert find_strategy("mine", folder)().model_dump() == {"share": 0.5}
    assert {name: find_strategy(name, folder).__module__ for name in SHIPPED} == {
        name: f"backtest.strategies.{name}" for name in SHIPPED
    }


def test_the_nearest_of_two_files_with_one_name_is_used(tmp_path: Path) -> None:
    write_strategy(tmp_path, "erc", MINE.format(share=0.5))
    (tmp_path / "backtest.toml").touch()
    inner = tmp_path / "inner"
    inner.mkdir()
    assert find_strategy("erc", inner)().model_dump() == {"share": 0.5}
    write_strategy(inner, "erc", MINE.format(share=0.25))
    assert find_strategy("erc", inner)().model_dump() == {"share": 0.25}
    assert find_strategy("erc", tmp_path)().model_dump() == {"share": 0.5}


@pytest.mark.parametrize("init", [False, True])
def test_a_folder_that_python_can_import_as_strategies_hides_nothing(tmp_path: Path, init: bool) -> None:
    """The working directory comes first on Python's path, so `import strategies` is the user's folder there."""
    write_strategy(tmp_path, "mine", MINE.format(share=0.5))
    write_strategy(tmp_path, "_shares", "TENTH = 0.1\n")
    write_strategy(tmp_path, "tenth", "from strategies._shares import TENTH\n" + MINE.format(share="TENTH"))
    if init:
        (tmp_path / "strategies/__init__.py").touch()
    ended = subprocess.run(
        [sys.executable, "-m", "backtest", "strategies"],
        cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "error" not in ended.stdout
    assert {line.split()[0] for line in ended.stdout.splitlines()[1:]} == SHIPPED | {"mine", "tenth"}


@pytest.mark.parametrize(
    ("module", "base", "origin"),
    [
        ("backtest.strategies.erc", "ERC", "backtest.strategies.erc"),
        (".mine", "Mine", "own"),
        ("._base", "Mine", "own"),
        (".erc", "ERC", "shipped copy"),
    ],
)
def test_an_own_strategy_extends_another(tmp_path: Path, module: str, base: str, origin: str) -> None:
    """By its full name a shipped one; by a relative import a file next to it, or else a shipped one."""
    for name in ("mine", "_base"):
        write_strategy(tmp_path, name, MINE.format(share=0.5))
    write_strategy(tmp_path, "extension", EXTENSION.format(module=module, base=base))
    extended = find_strategy("extension", tmp_path).__mro__[1]
    assert issubclass(extended, Strategy)
    file = Path(str(sys.modules[extended.__module__].__file__)).resolve()
    assert file.parent == (tmp_path if origin == "own" else REPOSITORY) / "strategies"
    assert (extended.__module__ == origin) == (origin == "backtest.strategies.erc")


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_copy_of_a_shipped_file_is_an_own_strategy(tmp_path: Path, name: str) -> None:
    """Also if the file extends another one, which was not copied."""
    write_strategy(tmp_path, "copy", (REPOSITORY / f"strategies/{name}.py").read_text(encoding="utf-8"))
    shipped = find_strategy(name, tmp_path)
    copy = find_strategy("copy", tmp_path)
    assert (copy.__name__, copy.model_fields.keys()) == (shipped.__name__, shipped.model_fields.keys())
    assert copy is not shipped


def test_an_edited_base_is_read_again(tmp_path: Path) -> None:
    """A notebook that edits a file and runs again must not get results of the old text."""
    write_strategy(tmp_path, "extension", EXTENSION.format(module=".mine", base="Mine"))
    for share in (0.5, 0.25):
        write_strategy(tmp_path, "mine", MINE.format(share=share))
        assert find_strategy("extension", tmp_path)().model_dump() == {"share": share}


def test_an_edit_within_a_second_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python compares seconds and length alone, so bytecode of the text before would count as current."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for share in (0.5, 0.6):
        write_strategy(tmp_path, "mine", MINE.format(share=share))
        os.utime(tmp_path / "strategies/mine.py", (1e9, 1e9))
        assert find_strategy("mine", tmp_path)().model_dump() == {"share": share}
    assert not (tmp_path / "strategies/__pycache__").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("from .missing import X\n", "there is no missing.py in this folder or among the shipped strategies"),
        ("from strategies_of_old.erc import ERC\n", "No module named 'strategies_of_old'"),
        ("from .mine import Yours\n", "cannot import name 'Yours' from"),
    ],
)
def test_a_wrong_import_is_reported_with_the_file_and_line(tmp_path: Path, code: str, message: str) -> None:
    write_strategy(tmp_path, "mine", MINE.format(share=0.5))
    write_strategy(tmp_path, "wrong", code)
    with pytest.raises(StrategyError) as caught:
        find_strategy("wrong", tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'strategies/wrong.py'}:1: {message}")


def test_an_import_of_the_former_name_is_answered_with_the_present_one(tmp_path: Path) -> None:
    """The working directory has no `strategies` folder here, unlike the checkout."""
    write_strategy(tmp_path, "wrong", "from strategies.erc import ERC\n")
    (tmp_path / "elsewhere").mkdir()
    code = (
        "import sys\nfrom pathlib import Path\nfrom backtest.strategy.discovery import find_strategy\n"
        "sys.path = [entry for entry in sys.path if not (Path(entry) / 'strategies').is_dir()]\n"
        "find_strategy('wrong', Path('..'))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "elsewhere", capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    assert "No module named 'strategies'. Hint: " in ended.stderr
    assert "backtest.strategies" in ended.stderr


def test_a_syntax_error_in_a_base_names_the_bases_file(tmp_path: Path) -> None:
    write_strategy(tmp_path, "_base", "x = 1\nx = = 2\n")
    write_strategy(tmp_path, "mine", "from ._base import x\n")
    with pytest.raises(StrategyError) as caught:
        find_strategy("mine", tmp_path)
    assert str(caught.value) == f"{tmp_path / 'strategies/_base.py'}:2: invalid syntax"


# Where own code is searched


def project(folder: Path, *marks: str) -> Path:
    """Return the folder of configurations of a project whose strategies are one folder above it."""
    for name in ("strategies", "configs", *marks):
        (folder / name).mkdir()
    (folder / "strategies" / "own.py").write_text(MINE.format(share=0.5).replace("Mine", "Own"), encoding="utf-8")
    return folder / "configs"


@pytest.mark.parametrize("mark", ROOT_MARKS)
def test_own_code_is_searched_up_to_the_marked_root(tmp_path: Path, mark: str) -> None:
    assert find_strategy("own", project(tmp_path, mark)).__name__ == "Own"


def test_without_a_mark_the_current_folder_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs = project(tmp_path)
    with pytest.raises(StrategyError, match=r"own\.py is above the root of the project, .*configs, so it is not used"):
        find_strategy("own", configs)
    monkeypatch.chdir(tmp_path)
    assert find_strategy("own", configs).__name__ == "Own"


def test_code_above_the_root_is_never_run(tmp_path: Path) -> None:
    """The nearest mark is the root, whatever is above it."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "own.py").write_text("raise SystemExit('it was run')\n", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "backtest.toml").touch()
    assert "own" not in strategy_files(inner)
    with pytest.raises(StrategyError, match=rf"Hint: an empty backtest\.toml in {re.escape(str(tmp_path))} makes"):
        find_strategy("own", inner)


# Other processes


def settings_of(strategy: Strategy) -> str:
    return repr(strategy)


def test_an_own_strategy_is_restored_in_another_process(tmp_path: Path) -> None:
    """A spawned process has not loaded the file: the strategy is found again by its path."""
    strategy = find_strategy("own", project(tmp_path, ".git")).model_validate({"share": 0.3})
    assert pickle.loads(pickle.dumps(strategy)) == strategy  # noqa: S301 - the test's own bytes
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(settings_of, (strategy,)) == "Own(share=0.3)"
    pickled = pickle.dumps(strategy)
    (tmp_path / "strategies" / "own.py").unlink()
    with pytest.raises(StrategyError, match=r"own\.py: no such file; expected the strategy that was pickled"):
        pickle.loads(pickled)  # noqa: S301 - the test's own bytes
