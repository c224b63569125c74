"""Matched differences of a setting, and the neighbours of a run."""

import numpy as np
import pytest

from backtest.analysis.selection.setting_effects import neighbours, setting_effects

GRID = np.indices((3, 2, 4)).reshape(3, -1).T


def test_effects_are_differences_between_runs_that_differ_in_one_setting() -> None:
    measured = np.random.default_rng(1).random((2, len(GRID)))
    shuffled = np.random.default_rng(2).permutation(len(GRID))
    found = setting_effects(GRID[shuffled], 2, measured[:, shuffled], base=1)
    for effects, values in zip(found, measured.reshape(2, 3, 2, 4), strict=True):
        assert [(effect.value, effect.base, effect.pairs) for effect in effects] == [(0, 1, 6), (2, 1, 6), (3, 1, 6)]
        for effect in effects:
            differences = (values[..., effect.value] - values[..., 1]).ravel()
            expected = np.quantile(differences, [0.05, 0.5, 0.95])
            assert [effect.low, effect.median, effect.high] == pytest.approx(expected, rel=1e-12)


def test_an_additive_effect_is_found_exactly_whatever_the_other_settings_do() -> None:
    measured = 2.0 ** GRID[:, 0] + GRID[:, 2] / 4.0  # binary fractions, so that differences are exact
    (found,) = setting_effects(GRID, 2, measured[None])
    assert [(effect.low, effect.median, effect.high) for effect in found] == [(k / 4,) * 3 for k in (1, 2, 3)]


def test_runs_that_failed_or_match_no_other_have_no_effect() -> None:
    measured = np.where(GRID[:, 1] == 0, np.nan, 1.0)
    assert setting_effects(GRID, 1, measured[None]) == [[]]
    together = np.array([[0, 0], [1, 1], [2, 2]])
    assert setting_effects(together, 0, np.ones((1, 3))) == [[]]
    drawn = np.arange(60)[:, None]
    assert setting_effects(drawn, 0, np.ones((1, 60))) == [[]]


def test_a_base_that_no_run_has_is_replaced_by_the_lowest_value() -> None:
    (found,) = setting_effects(np.array([[1], [2]]), 0, np.array([[1.0, 3.0]]), base=0)
    assert [(effect.value, effect.base, effect.median) for effect in found] == [(2, 1, 2.0)]


def test_neighbours_are_one_step_away_in_one_setting() -> None:
    at = {tuple(codes): run for run, codes in enumerate(GRID.tolist())}
    found = neighbours(GRID, [False, True, True], at[0, 0, 1])
    assert sorted(found) == sorted(at[codes] for codes in [(1, 0, 1), (2, 0, 1), (0, 1, 1), (0, 0, 0), (0, 0, 2)])


def test_a_setting_that_does_not_apply_is_no_step() -> None:
    codes = np.array([[0, -1], [0, 0], [1, -1]])
    assert neighbours(codes, [True, True], 0).tolist() == [2]
