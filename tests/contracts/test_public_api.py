"""`import backtest as bt`: exactly these names, each with a docstring, none imported before it is used."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import backtest as bt
from support.patience import HANG

PUBLIC = [
    "BacktestError",
    "BacktestResult",
    "Estimator",
    "MarketData",
    "MarketView",
    "Metric",
    "RunConfig",
    "Source",
    "Strategy",
    "__version__",
    "break_even",
    "compare",
    "monte_carlo",
    "orders",
    "plot",
    "prepare",
    "risk_contributions",
    "risk_parity_weights",
    "robustness",
    "run",
    "run_all",
    "stress",
    "sweep",
    "testing",
    "walk_forward",
    "write_report",
]


def test_the_public_names_are_exactly_these() -> None:
    assert bt.__all__ == PUBLIC
    assert dir(bt) == PUBLIC


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_each_public_name_has_a_docstring(name: str) -> None:
    value = getattr(bt, name)
    assert isinstance(value, ModuleType) or value.__name__ == name
    lines = (value.__doc__ or "").strip().splitlines()
    assert lines
    assert lines[0].rstrip().endswith((".", ":"))
    assert len(lines[0]) > 20


def test_each_name_is_the_same_object_every_time() -> None:
    assert all(getattr(bt, name) is getattr(bt, name) for name in PUBLIC)


def test_errors_of_the_project_have_one_root() -> None:
    from backtest import errors

    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(found) > 5
    assert all(issubclass(value, bt.BacktestError) for value in found)
    assert {value.exit_code for value in found if issubclass(value, bt.BacktestError)} == {2, 3}
    tree = errors.__doc__ or ""
    assert all(value.__name__ in tree for value in found)  # the tree drawn at the top of the file has them all


def test_an_unknown_name_is_an_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'backtest' has no attribute 'sharpe'"):
        _ = bt.sharpe


def test_importing_the_package_imports_nothing_heavy() -> None:
    """A star import takes all the names."""
    code = (
        "import sys, backtest\n"
        "heavy = {'pandas', 'numpy', 'scipy', 'matplotlib', 'pydantic', 'rich', 'typer'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from backtest import *\n"
        "assert set(backtest.__all__) <= set(globals())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG, check=False)
    assert ended.returncode == 0, ended.stderr


def test_the_repr_of_a_result_is_one_line() -> None:
    """Its tables would fill screens."""
    result = bt.run(Path(__file__).parents[2] / "configs/60_40.yaml")
    assert repr(result) == "<BacktestResult 60_40 (sixty_forty), 1953-04-30 to 2021-06-30>"
