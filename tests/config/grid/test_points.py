"""Combinations of settings: what each part of a sweep gives, and what is refused."""

from typing import Any

import numpy as np
import pytest

from backtest.config.grid.load_sweep import load_sweep
from backtest.config.grid.points import Points, points_of
from backtest.config.grid.sweep_settings import SweepSettings
from backtest.errors import ConfigError


def points(**parts: Any) -> Points:
    return points_of(SweepSettings.model_validate(parts))


def all_of(found: Points) -> list[dict[str, Any]]:
    return [found.overrides(run) for run in range(len(found))]


def test_a_grid_has_every_combination_and_the_last_setting_varies_fastest() -> None:
    found = points(grid={"a": [1, 2], "b": ["x", "y", "z"]})
    assert all_of(found) == [{"a": a, "b": b} for a in (1, 2) for b in "xyz"]


def test_settings_together_change_as_one() -> None:
    found = points(together=[{"start": ["2000", "2010"], "end": ["2009", "2019"]}], grid={"a": [1, 2]})
    pairs = [("2000", "2009"), ("2010", "2019")]
    assert all_of(found) == [{"a": a, "start": first, "end": last} for a in (1, 2) for first, last in pairs]


def test_any_of_applies_one_grid_at_a_time() -> None:
    found = points(any_of=[{"s": ["erc", "iv"]}, {"s": ["lev"], "t": [0.1, 0.2]}])
    assert all_of(found) == [{"s": "erc"}, {"s": "iv"}, {"s": "lev", "t": 0.1}, {"s": "lev", "t": 0.2}]


def test_a_section_and_a_setting_of_it_may_be_alternatives() -> None:
    found = points(any_of=[{"strategy": ["erc"]}, {"strategy.name": ["lev"], "strategy.t": [0.1]}])
    assert all_of(found) == [{"strategy": "erc"}, {"strategy.name": "lev", "strategy.t": 0.1}]


@pytest.mark.parametrize("method", ["random", "latin_hypercube", "sobol"])
def test_a_sample_is_inside_its_ranges_and_depends_on_its_seed_alone(method: str) -> None:
    ranges = {"a": {"from": 1, "to": 5, "whole": True}, "b": {"from": 0.01, "to": 100, "scale": "log"}, "c": ["x", "y"]}
    drawn, again, other = (
        all_of(points(sample={"count": 64, "settings": ranges, "method": method, "seed": seed})) for seed in (1, 1, 2)
    )
    assert drawn == again != other
    assert {point["a"] for point in drawn} == {1, 2, 3, 4, 5}
    assert all(0.01 <= point["b"] <= 100 for point in drawn)
    assert 8 <= sum(point["b"] < 0.1 for point in drawn) <= 24  # a quarter of the logarithms
    assert {point["c"] for point in drawn} == {"x", "y"}


def test_distinct_combinations_keep_their_order_and_know_their_runs() -> None:
    found = points(grid={"a": [2, 1], "b": [5, 6], "c": [7, 8]})
    some, which = found.only(["a", "c"]).distinct()
    assert all_of(some) == [{"a": 2, "c": 7}, {"a": 2, "c": 8}, {"a": 1, "c": 7}, {"a": 1, "c": 8}]
    assert [some.overrides(int(k)) for k in which] == [{"a": p["a"], "c": p["c"]} for p in all_of(found)]
    assert np.array_equal(found.only([]).distinct()[1], np.zeros(8))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"grid": {"a": [1]}, "any_of": [{"a": [2]}]}, "sweep: a: given in two parts"),
        ({"grid": {"a": [1], "a.b": [2]}}, "a.b: a is varied as a whole too"),
        ({"together": [{"a": [1, 2], "b": [1]}]}, "a has 2, b has 1 values; expected the same number"),
        ({"grid": {name: {"from": 0, "to": 999, "step": 1} for name in "abc"}}, "1,000,000,000 runs; expected"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        points(**parts)


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("{}", ":3:8: sweep: nothing is varied"),
        ("{grid: {a.b: 3}}", "sweep.grid.a.b: got 3"),
        ("{grid: {estimation.window: {from: 5, to: 1, step: 1}}}", "to: 1 is not above from: 5"),
        ("{grid: {a: {from: 1, to: 2}}}", "expected either step or count"),
        ("{grids: {a: [1]}}", "Did you mean grid?"),
        ("{sample: {count: 0, settings: {a: [1]}}}", "sweep.sample.count: got 0"),
        ("{sample: {count: 2, settings: {a: {from: -1, to: 1, scale: log}}}}", "scale: log needs values above 0"),
        ("{grid: {a: {from: 0, to: 1, step: 1.0e-9}}}", "more than 100,000 values"),
        ("[1]", "sweep: got [1]"),
    ],
)
def test_mistakes_in_the_section_have_a_place(sweep: str, message: str, tmp_path: Any) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        f"data: {{source: sample, assets: [gold], cash: us_tbill}}\nstrategy: equal_weight\nsweep: {sweep}\nname: x\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_sweep(file)
    assert message in str(caught.value)
    assert "x.yaml:3:" in str(caught.value)
