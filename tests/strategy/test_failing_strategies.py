"""Messages for a strategy that fails during a run: the strategy, the date, the assets, and the line of its file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import StrategyError

pytestmark = pytest.mark.usefixtures("without_figures")

HEAD = """import pandas as pd
from backtest.strategy import MarketView, Strategy


class Own(Strategy):
    '''Own.'''
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write three years of months; `flat` earns exactly what cash does from the second year on."""
    dates = pd.date_range("2015-01-31", periods=36, freq="ME", name="date")
    cash = np.full(36, 0.001)
    moves = np.random.default_rng(1).normal(0.0, 0.03, (36, 2))
    moves[12:, 1] = 0.001
    returns = pd.DataFrame({"moving": moves[:, 0], "flat": moves[:, 1], "cash": cash}, index=dates)
    returns.to_csv(tmp_path / "returns.csv")
    path = tmp_path / "run.yaml"
    path.write_text(
        "name: run\ndata: {source: csv, path: returns.csv, values: returns, assets: [moving, flat], cash: cash}\n"
        "estimation: {window: 6}\nstrategy: {name: erc}\n"
    )
    return path


@pytest.mark.parametrize("strategy", ["erc", "levered_erc", "inverse_volatility"])
def test_an_asset_without_risk_is_named_with_the_date(config: Path, strategy: str) -> None:
    """`flat` does not move in the window of the 18th month for the first time; users know names, not positions."""
    config.write_text(config.read_text().replace("erc", strategy))
    with pytest.raises(StrategyError) as caught:
        bt.run(config)
    assert "flat" in str(caught.value)
    assert "on 2016-06-30" in str(caught.value)
    assert "asset 1" not in str(caught.value)


def test_an_error_in_a_strategys_own_code_is_placed_in_its_file(config: Path) -> None:
    """One line with file, line, date and the error; the traceback stays chained for those who call from Python."""
    own = config.parent / "strategies" / "own.py"
    own.parent.mkdir()
    own.write_text(f"{HEAD}\n    def target_weights(self, view: MarketView) -> pd.Series:\n        return 1 / 0\n")
    config.write_text(config.read_text().replace("erc", "own"))
    with pytest.raises(StrategyError) as caught:
        bt.run(config)
    assert str(caught.value) == f"{own}:9: Own on 2014-12-31: ZeroDivisionError: division by zero"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_positions_beyond_the_assets_stay_positions(config: Path) -> None:
    """A strategy may ask for risk budgets of more than the assets: of factors, say."""
    own = config.parent / "strategies" / "own.py"
    own.parent.mkdir()
    body = "        return risk_parity_weights(np.diag([1, 1, 0]))\n"
    imports = "import numpy as np\nfrom backtest.risk import risk_parity_weights\n"
    own.write_text(f"{imports}{HEAD}\n    def target_weights(self, view: MarketView) -> pd.Series:\n{body}")
    config.write_text(config.read_text().replace("erc", "own"))
    with pytest.raises(StrategyError, match="the variance of asset 2 is 0"):
        bt.run(config)


def test_a_run_that_decides_once_gives_a_report(config: Path) -> None:
    """`never` has one rebalance date: its risk figure spans the run, without a warning."""
    config.write_text(config.read_text() + "rebalance: {frequency: never}\n")
    result = bt.run(config)
    assert len(result.target_weights) == len(result.trades) == 1
    assert bt.write_report(result, config.parent / "report").exists()
