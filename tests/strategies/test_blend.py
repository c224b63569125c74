"""A blend holds the sum of its sleeves, and its profit and risk are divided among them without a remainder."""

# ruff: noqa: E501 - each message is one line

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backtest as bt
from backtest.config import RunConfig, load_config
from backtest.errors import ConfigError, StrategyError
from backtest.reporting.files.report_files import tables
from support.builders.market_files import write_config, write_strategy
from support.strategies.own_strategies import HEAD

DATA = {
    "source": "sample",
    "assets": ["us_stocks", "us_treasury_10y", "gold"],
    "cash": "us_tbill",
    "start": "1987-12-31",
    "end": "1994-12-31",
}
COMMON: dict[str, Any] = {"data": DATA, "costs": {"trading_bps": 10}, "financing": {"spread_bps": 50}}
ERC = {"strategy": "erc", "weight": 0.6}
STOCKS = {"strategy": {"name": "sixty_forty", "weights": {"us_stocks": 1.0}}, "weight": 0.8}


def run(strategy: Any, **settings: Any) -> bt.BacktestResult:
    return bt.run({**COMMON, "strategy": strategy, **settings})


def blend(**sleeves: Any) -> dict[str, Any]:
    return {"name": "blend", "sleeves": sleeves}


def fixed(weight: float, **weights: float) -> dict[str, Any]:
    return {"strategy": {"name": "sixty_forty", "weights": weights}, "weight": weight}


def test_a_blend_of_fixed_weights_is_fixed_weights() -> None:
    """0.5 × {stocks 0.5, gold 0.25} + 0.25 × {gold 0.5, bonds 2}, in binary fractions, so that no sum is rounded."""
    both = run(blend(a=fixed(0.5, us_stocks=0.5, gold=0.25), b=fixed(0.25, gold=0.5, us_treasury_10y=2.0)))
    one = run({"name": "sixty_forty", "weights": {"us_stocks": 0.25, "us_treasury_10y": 0.5, "gold": 0.25}})
    assert both.target_weights.loc[one.target_weights.index].equals(one.target_weights)
    assert both.nav.equals(one.nav)


def test_a_blend_of_one_sleeve_is_that_strategy() -> None:
    assert run(blend(all={"strategy": "erc", "weight": 1.0})).nav.equals(run("erc").nav)


def test_a_blend_in_a_blend_is_scaled_twice() -> None:
    inner = blend(a=fixed(0.5, gold=1.0), b=fixed(0.5, us_stocks=1.0))
    nested = run(blend(inner={"strategy": inner, "weight": 0.5}, rest_of_it=fixed(0.25, us_treasury_10y=1.0)))
    assert nested.target_weights.iloc[0].tolist() == [0.25, 0.25, 0.25]
    assert list(nested.sleeves.index) == ["inner", "rest_of_it", "rest"]


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1)])
def test_budgets_are_shares_of_ex_ante_risk(shares: tuple[float, float]) -> None:
    """Each decision meets the budgets to 1e-9: the solver stops at a relative 1e-10."""
    one, two = ({"strategy": name, "budget": share} for name, share in zip(("erc", "all_weather"), shares, strict=True))
    result = run(blend(one=one, two=two))
    risk = tables(result)["sleeve_risk_contributions"]
    np.testing.assert_allclose(risk.div(risk.sum(axis=1), axis=0), np.tile(shares, (len(risk), 1)), rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.sleeve_weights.sum(axis=1), 1.0, rtol=0, atol=1e-12)  # type: ignore[union-attr]


def test_budgets_of_sleeves_with_one_asset_each_are_risk_budgets_of_assets() -> None:
    """Then W Σ Wᵀ is Σ itself, so the weights equal `erc` with the same budgets, to the solver's 1e-10."""
    names = DATA["assets"]
    sleeves = {
        f"only_{name}": {**fixed(1.0, **{name: 1.0}), "budget": share}
        for name, share in zip(names, (0.5, 0.3, 0.2), strict=True)
    }
    for sleeve in sleeves.values():
        del sleeve["weight"]
    budgets = dict(zip(names, (0.5, 0.3, 0.2), strict=True))
    of_assets = run({"name": "erc", "budgets": budgets})
    np.testing.assert_allclose(run(blend(**sleeves)).target_weights, of_assets.target_weights, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"leverage": {"target_volatility": 0.15}},
        {"leverage": {"debt": 0.5}},
        {"rebalance": {"frequency": "quarterly", "bands": {"absolute": 0.03}, "execution_lag": 1}},
        {"financing": {"kind": "margin", "initial_margin": 0.9}},
    ],
    ids=str,
)
def test_sleeves_add_up(settings: dict[str, Any]) -> None:
    """Weights, profits and risks of sleeves have the sums of the whole run, to rounding."""
    result = run(blend(calm=ERC, stocks=STOCKS), **settings)
    found = tables(result)
    assert result.sleeve_weights is not None
    targets = result.sleeve_weights["calm"] + result.sleeve_weights["stocks"]
    np.testing.assert_allclose(targets, result.target_weights, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found["sleeves"].sum(axis=1), result.contributions.sum(axis=1), rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        found["sleeve_risk_contributions"].sum(axis=1), result.forecast_volatility, rtol=0, atol=1e-14
    )
    assert result.sleeves["profit"].sum() == pytest.approx(result.nav.iloc[-1] - 1, abs=1e-12)
    assert result.sleeves["risk"].sum() == pytest.approx(1.0, abs=1e-12)


def test_sleeves_without_a_common_asset_have_the_profit_of_their_assets() -> None:
    result = run(blend(paper=fixed(0.5, us_stocks=0.6, us_treasury_10y=0.4), metal=fixed(0.5, gold=1.0)))
    profits, by_asset = tables(result)["sleeves"], result.contributions
    np.testing.assert_allclose(profits["paper"], by_asset["us_stocks"] + by_asset["us_treasury_10y"], atol=1e-15)
    np.testing.assert_allclose(profits["metal"], by_asset["gold"], atol=1e-15)


def test_two_sleeves_with_one_asset_share_its_profit_by_weight() -> None:
    sleeves = run(blend(small=fixed(0.25, gold=1.0), large=fixed(0.75, gold=1.0))).sleeves
    small, large, _ = sleeves["profit"]
    assert large == pytest.approx(3 * small, rel=1e-12)  # rounding
    assert sleeves["weight"].tolist() == [0.25, 0.75, 0.0]


def test_other_strategies_have_no_sleeves() -> None:
    result = run("erc")
    assert result.sleeves.empty
    assert not {"sleeves", "sleeve_risk_contributions"} & set(tables(result))


def test_a_shortened_result_has_shortened_sleeves() -> None:
    result = run(blend(calm=ERC, stocks=STOCKS))
    whole = tables(result)["sleeves"]
    day = result.nav.index[40]
    assert tables(result.until(day))["sleeves"].equals(whole.loc[:day])


def test_settings_survive_their_plain_form_and_objects() -> None:
    loaded = load_config({**COMMON, "strategy": blend(calm=ERC, stocks=STOCKS)})
    assert RunConfig.model_validate({**loaded.resolved(), "file": loaded.file}) == loaded
    assert load_config({**COMMON, "strategy": loaded.strategy.model}).strategy.model == loaded.strategy.model


@pytest.mark.parametrize(
    ("sleeves", "message"),
    [
        ({"a": {"strategy": "er", "weight": 1}}, r"sleeves\.a\.strategy: unknown strategy 'er'; there are: .* Did you mean erc\?"),
        ({"a": {"strategy": {"name": "erc", "x": 1}, "weight": 1}}, r"sleeves\.a\.strategy: erc: x: unknown setting$"),
        ({"a": {"strategy": {"name": "erc", "max_weight": 7}, "weight": 1}}, r"sleeves\.a\.strategy: erc: max_weight: expected less than or equal to 1$"),
        ({"a": {"strategy": {"name": "erc", "max_weight": {"x": 0.5}}, "weight": 1}}, "sleeve a: bounds on weights: x: neither a class nor an asset"),
        ({"a": {"strategy": 7, "weight": 1}}, r"sleeves\.a\.strategy: got 7, expected a name, such as erc, or a mapping such as"),
        ({"a": {"weight": 1}}, r"sleeves\.a\.strategy: missing"),
        ({"a": {"strategy": "erc", "weigt": 1}}, r"sleeves\.a\.weigt: unknown setting; .* Did you mean weight\?"),
        ({"a": {"strategy": "erc"}}, "sleeves: a: expected either weight, a fraction of NAV, or budget, a share of risk"),
        ({"a": {"strategy": "erc", "weight": 1, "budget": 1}}, "sleeves: a: expected either weight"),
        ({"a": {"strategy": "erc", "budget": 0.5}, "b": {"strategy": "erc", "budget": 0.4}}, r"sleeves: the budgets add up to 0\.9; expected 1"),
        ({"a": {"strategy": "erc", "budget": 1}, "b": {"strategy": "erc", "weight": 0.4}}, "sleeves: some sleeves have a weight and others a budget"),
        ({"rest": {"strategy": "erc", "weight": 1}}, "sleeves: rest: the name of what no sleeve holds"),
        ({}, r"sleeves: got \{\}, expected one or more"),
    ],
)  # fmt: skip
def test_a_wrong_sleeve_is_reported_where_it_is(sleeves: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config({**COMMON, "name": "run", "strategy": blend(**sleeves)})


def test_a_sleeve_of_cash_has_no_share_of_the_risk() -> None:
    cash = {"strategy": {"name": "sixty_forty", "weights": {"gold": 0.0}}, "budget": 0.5}
    with pytest.raises(StrategyError, match=r"budgets of sleeves: .* the variance of sleeve cash is 0"):
        run(blend(calm={"strategy": "erc", "budget": 0.5}, cash=cash))


OWN = """
class Mine(Strategy):
    '''One asset.'''
    name_of_it: str = "gold"
    def target_weights(self, view):
        return {self.name_of_it: 1 / len(self.name_of_it)}
"""
READS = """
from typing import ClassVar
class Mine(Strategy):
    '''What is held.'''
    reads_current_weights: ClassVar[bool] = True
    def target_weights(self, view):
        return view.current_weights
"""


def own(folder: Path, code: str, **settings: Any) -> Path:
    write_strategy(folder, "mine", HEAD + code)
    sleeves = {"calm": ERC, "own": {"strategy": {"name": "mine", **settings}, "weight": 0.5}}
    return write_config(folder / "run.yaml", **COMMON, strategy=blend(**sleeves))


def test_own_code_in_a_sleeve_is_found_hashed_and_placed_in_messages(tmp_path: Path) -> None:
    """The folder of the configuration is searched, as for a strategy outside a blend."""
    result = bt.run(own(tmp_path, OWN))
    file = tmp_path / "strategies/mine.py"
    assert result.own_code == {str(file): sha256(file.read_bytes()).hexdigest()}
    with pytest.raises(StrategyError, match=r"Blend on .*: sleeve own: weights for spx; it may hold us_stocks"):
        bt.run(own(tmp_path, OWN, name_of_it="spx"))
    with pytest.raises(StrategyError, match=r"mine\.py:\d+: sleeve own: ZeroDivisionError: division by zero$"):
        bt.run(own(tmp_path, OWN, name_of_it=""))


def test_a_sleeve_cannot_read_current_weights(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="own: mine reads its current weights, which are not kept by sleeve"):
        load_config(own(tmp_path, READS))
