"""Costs and sizes of trades: roots found by SciPy and by closed forms, in a few steps of Newton's method."""

import math
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import brentq

from backtest.engine.kernels import trade_kernel as kernel
from backtest.engine.kernels.state import COSTS, HELD, IMPACT, TARGET, WIDTH
from backtest.numerics.arrays import Floats


def table(**rows: list[float]) -> Floats:
    """Scratch table with these rows."""
    names = {"target": TARGET, "held": HELD, "costs": COSTS, "impact": IMPACT, "width": WIDTH}
    values = np.zeros((6, len(next(iter(rows.values())))))
    for name, row in rows.items():
        values[names[name]] = row
    return values


def cost(trades: Floats, scratch: Floats) -> float:
    sizes = np.abs(trades)
    return float(scratch[COSTS] @ sizes + scratch[IMPACT] @ sizes**1.5)


def count_steps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Run loops as Python; return a list that has an entry for each square root, one an asset and step."""
    roots: list[float] = []

    def sqrt(value: float) -> float:
        roots.append(value)
        return math.sqrt(value)

    for name, function in vars(kernel).copy().items():
        monkeypatch.setattr(kernel, name, getattr(function, "py_func", function))
    monkeypatch.setattr(kernel, "np", SimpleNamespace(sqrt=sqrt))
    return roots


@pytest.mark.parametrize("impact", [True, False])
def test_a_trade_costs_its_rate_and_its_impact(impact: bool) -> None:
    scratch = table(target=[0.25, -4.0, 0.0], costs=[0.1, 0.01, 1.0], impact=[0.2, 0.03, 1.0])
    assert kernel.cost_of(scratch, TARGET, impact) == pytest.approx(0.065 + (0.025 + 0.24) * impact, rel=1e-14)


@pytest.mark.parametrize(
    ("target", "held", "rate", "paid"),
    [
        (1.0, 0.0, 0.95, 0.95 / 1.95),  # x = k (1 - x)
        (3.0, 1.0, 0.3, 0.6 / 1.9),  # x = k (3 (1 - x) - 1)
        (0.5, 1.0, 0.95, 0.95 * 0.5 / (1 - 0.95 * 0.5)),  # x = k (1 - (1 - x) / 2)
        (0.9, 1.0, 0.99, 0.99 * 0.1 / (1 - 0.99 * 0.9)),
        (0.0, 1.0, 0.2, 0.2),
        (-1.0, 0.0, 0.95, 0.95 / 1.95),
        (-1.0, -1.5, 0.5, 0.25 / 0.5),  # x = k (1.5 - (1 - x))
        (0.7, 0.7, 0.5, 0.0),
    ],
)
def test_proportional_costs_of_one_asset_in_closed_form(target: float, held: float, rate: float, paid: float) -> None:
    scratch = table(target=[target], held=[held], costs=[rate])
    assert kernel.cost_of_rebalance(scratch, 0.0, False) == pytest.approx(paid, rel=1e-13, abs=1e-17)
    assert kernel.cost_of_rebalance(scratch, 0.0, True) == pytest.approx(paid, rel=1e-13, abs=1e-17)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("impact", [True, False])
def test_costs_of_a_rebalance_are_paid_from_what_is_left(
    seed: int, impact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root of x = fixed + C((1 - x) target - held), found by SciPy; quadratic steps need no more than 12."""
    rng = np.random.default_rng(seed)
    target, held = rng.normal(0.2, 0.5, (2, 4))
    scratch = table(target=list(target), held=list(held), costs=list(rng.uniform(0, 0.05, 4)))
    scratch[IMPACT] = rng.uniform(0, 0.2, 4) * impact
    root = brentq(lambda x: 0.01 + cost((1 - x) * target - held, scratch) - x, 0.0, 1.0, xtol=1e-16, rtol=1e-15)
    assert kernel.cost_of_rebalance(scratch, 0.01, impact) == pytest.approx(root, rel=1e-12)
    roots = count_steps(monkeypatch)
    kernel.cost_of_rebalance(scratch, 0.01, True)
    assert len(roots) <= 12 * 4


def test_costs_of_a_rebalance_take_few_steps_at_high_impact(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a coefficient of 50, x = 50 (1 - x)^1.5: the purchase costs nine tenths of NAV."""
    scratch = table(target=[1.0], impact=[50.0])
    paid = brentq(lambda x: 50 * (1 - x) ** 1.5 - x, 0.0, 1.0, xtol=1e-16, rtol=1e-15)
    roots = count_steps(monkeypatch)
    assert kernel.cost_of_rebalance(scratch, 0.0, True) == pytest.approx(paid, rel=1e-13)
    assert len(roots) <= 10


@pytest.mark.parametrize(
    ("fixed", "required", "rate", "part"),
    [
        (0.0, 2.0, 0.0, 0.5),
        (0.1, 2.0, 0.0, 0.45),
        (0.0, 1.5, 0.1, 0.8 / 1.3),  # 1 - 0.2 (1 - f) = 1.5 f
        (0.1, 1.5, 0.4, 0.1 / 0.7),
        (0.3, 1.5, 0.4, 0.0),  # selling everything costs more than NAV
        (0.2, 1.5, 0.4, 0.0),  # exactly all of it
        (1.5, 2.0, 0.0, 0.0),
    ],
)
def test_part_to_keep_in_closed_form(fixed: float, required: float, rate: float, part: float) -> None:
    """Holdings of 2, long or short: f solves 1 - fixed - 2 k (1 - f) = f × required."""
    for side in (1.0, -1.0):
        scratch = table(held=[0.5 * side, 1.5], costs=[rate, rate])
        assert kernel.part_to_keep(scratch, fixed, required, False) == pytest.approx(part, rel=1e-13, abs=1e-15)
        assert kernel.part_to_keep(scratch, fixed, required, True) == pytest.approx(part, rel=1e-13, abs=1e-15)


def test_nothing_is_kept_if_selling_everything_costs_all_of_nav() -> None:
    """With 0.9 = (1 - f)^1.5 + 1.01 f there are parts that could be kept, but a sale of the rest is not possible."""
    assert kernel.part_to_keep(table(held=[1.0], impact=[1.0]), 0.1, 1.01, True) == 0.0


@pytest.mark.parametrize("impact", [0.01, 0.1, 0.2])
def test_part_to_keep_with_impact_takes_few_steps(impact: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is found by SciPy; quadratic steps need no more than 8, of two assets each, after the cost of all."""
    scratch = table(held=[-0.5, 1.5], costs=[0.02, 0.05], impact=[impact, impact / 2])
    root = brentq(lambda f: 0.99 - cost((1 - f) * scratch[HELD], scratch) - 1.6 * f, 0.0, 1.0, xtol=1e-16, rtol=1e-15)
    assert kernel.part_to_keep(scratch, 0.01, 1.6, True) == pytest.approx(root, rel=1e-12)
    roots = count_steps(monkeypatch)
    kernel.part_to_keep(scratch, 0.01, 1.6, True)
    assert len(roots) <= 2 + 8 * 2


def test_a_weight_outside_its_band_moves_to_the_nearest_end_which_is_never_beyond_zero() -> None:
    """Exact numbers: targets and widths are multiples of a quarter."""
    sizes = (-1.5, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 1.5)
    for weight, target, width in product(sizes, sizes, (0.25, 0.5, 1.0)):
        inside = [w / 8 for w in range(-40, 41) if abs(w / 8 - target) <= width and w * target > 0] + [0.0]
        allowed = [w for w in inside if w or abs(target) <= width or target == 0]
        nearest = min((abs(w - weight), w) for w in allowed)[1] if target else 0.0
        assert kernel.clip_to_band(weight, target, width) == nearest, (weight, target, width)


def test_moves_to_bands_are_exact_at_the_ends() -> None:
    """Two assets leave their bands by the same amount, and a third takes the rest of the sum, which is 1."""
    scratch = table(target=[0.5, 0.25, 0.25], held=[0.75, 0.125, 0.125], width=[0.125, 0.125, 0.125])
    kernel.move_to_bands(scratch)
    assert scratch[TARGET] == pytest.approx([0.625, 0.1875, 0.1875], rel=1e-15)
    short = table(target=[-0.5, 1.5], held=[-0.75, 1.5], width=[0.125, 0.25])
    kernel.move_to_bands(short)
    assert short[TARGET] == pytest.approx([-0.625, 1.625], rel=1e-15)


@pytest.mark.parametrize(("relative", "width"), [(np.inf, 0.05), (0.25, 0.025), (0.5, 0.05), (0.75, 0.05)])
def test_a_band_is_as_wide_as_the_smaller_width(relative: float, width: float) -> None:
    assert kernel.band_width(0.1, 0.05, relative) == kernel.band_width(-0.1, 0.05, relative) == width
    assert kernel.band_width(0.1, np.inf, np.inf) == np.inf
