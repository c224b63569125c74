"""A scaled benchmark is followed with its leverage, or refused if its targets depend on its path."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import ConfigError, StrategyError
from backtest.runs.decide.decision_settings import Followed
from support.builders.market_files import write_csv
from support.strategies.scaled_runs import SIXTY_FORTY, UNBOUND, write_run


@pytest.mark.parametrize("leverage", [{"multiple": 2}, {"target_volatility": 0.3, "smoothing": 0.9, "window": 15}])
def test_a_benchmark_is_followed_with_its_leverage(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, leverage: dict[str, Any]
) -> None:
    """Twice 60/40 has twice its volatility. With a target volatility, the unsmoothed multiple of each date counts."""
    write_run(tmp_path, "other", SIXTY_FORTY, leverage)
    followed = run({"name": "levered_erc", "target_volatility": "benchmark", **UNBOUND}, benchmark="other.yaml")
    unsmoothed = run(SIXTY_FORTY, {**leverage, "smoothing": 0} if "smoothing" in leverage else leverage)
    common = followed.risk_contributions.index.intersection(unsmoothed.risk_contributions.index)
    assert len(common) > 20
    np.testing.assert_allclose(
        followed.risk_contributions.loc[common].sum(axis=1),
        unsmoothed.risk_contributions.loc[common].sum(axis=1),
        rtol=1e-11,
    )


def test_a_benchmark_of_fixed_debt_states_no_targets(run: Callable[..., bt.BacktestResult], tmp_path: Path) -> None:
    """Its targets depend on its own NAV, so it can serve for comparison but cannot be followed."""
    write_run(tmp_path, "other", SIXTY_FORTY, {"debt": 0.5})
    assert run({"name": "erc"}, benchmark="other.yaml").benchmark is not None
    with pytest.raises(ConfigError, match=r"benchmark, but the benchmark's targets depend on its own path; expected a"):
        run({"name": "erc"}, {"target_volatility": "benchmark"}, benchmark="other.yaml")


def test_a_benchmark_is_asked_again_only_for_a_strategy_that_reads_its_weights(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Computing its weights on the strategy's dates takes as long as a run of the benchmark."""
    write_run(tmp_path, "other", SIXTY_FORTY, None)
    asked: list[int] = []
    weights_of = Followed.target_weights

    def counted(*given: Any) -> Any:
        asked.append(1)
        return weights_of(*given)

    monkeypatch.setattr(Followed, "target_weights", counted)
    run({"name": "erc"}, benchmark="other.yaml")
    assert not asked
    run({"name": "levered_erc", "target_volatility": "benchmark", **UNBOUND}, benchmark="other.yaml")
    assert len(asked) == 1


def test_a_benchmark_of_other_assets_cannot_be_followed(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame
) -> None:
    write_csv(prices.assign(world=prices["spx"] * 2), tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": ["world", "ust"]}
    write_run(tmp_path, "other", {"name": "equal_weight"}, None, data=data)
    with pytest.raises(
        StrategyError, match=r"leverage on 20.*: the benchmark holds world, whose risk is unknown to this run"
    ):
        run({"name": "erc"}, {"target_volatility": "benchmark"}, benchmark="other.yaml")
