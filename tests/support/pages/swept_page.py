"""Runs of a sweep with invented numbers, and the numbers that its page embeds."""

from base64 import b64decode
from typing import Any

import numpy as np

from backtest.reporting.pages.sweep_page import SweptRuns, SweptSetting
from support.pages.read_page import Page

MARKUP = "<b>&\"'</script>"

CHANCE = {
    "best": 0, "sharpe": 0.0, "trials": 0, "independent": 4, "by_chance": 0.31, "deflated": 0.97, "years_needed": 12.5,
    "overfitting": 0.2, "luck": 0.45,
}  # fmt: skip


def swept_runs(*, name: str = "erc", windows: int = 3, failed: bool = True) -> SweptRuns:
    """Return a grid of windows, covariances and targets with random numbers, of which the last run failed."""
    grid = np.indices((windows, 3, 4)).reshape(3, -1).T
    rng = np.random.default_rng(3)
    sharpe = 0.5 - 0.03 * (grid[:, 2] - 1.0) ** 2 + 0.02 * rng.standard_normal(len(grid))
    metrics = {"sharpe": sharpe, "cagr": 0.1 * sharpe, "max_drawdown": -0.2 - 0.1 * rng.random(len(grid))}
    metrics["turnover_per_year"] = rng.random(len(grid))
    if failed:
        for values in metrics.values():
            values[-1] = np.nan
    years = [f"{year + 1}Y" for year in range(windows)]
    targets = [0.06, 0.08, 0.1, 0.12]
    estimators = ["sample", MARKUP, "oas"]
    return SweptRuns(
        name=name,
        settings=[
            SweptSetting("estimation.window", years, years, grid[:, 0], ordered=True, configured=1),
            SweptSetting("estimation.covariance", estimators, estimators, grid[:, 1], ordered=False, configured=0),
            SweptSetting("strategy.target_volatility", targets, list(map(str, targets)), grid[:, 2], ordered=True),
        ],
        metrics=metrics,
        errors={len(grid) - 1: f"singular {MARKUP}"} if failed else {},
        dates="Jan 1991 – Dec 2012",
        chance=CHANCE | {"best": int(np.nanargmax(sharpe)), "sharpe": float(np.nanmax(sharpe)), "trials": len(grid)},
        benchmark="60/40",
        notes=[f"1 run failed {MARKUP}"],
        command="python -m backtest run reports/erc_sweep/manifest.json",
    )


def embedded(page: Page) -> dict[str, Any]:
    """Return the runs that a page embeds: positions, codes of each setting, and values of each metric."""
    data = page.data
    return {
        "run": np.frombuffer(b64decode(data["runs"]), "<u4"),
        **{each["name"]: _codes(each) for each in data["settings"]},
        **{each["key"]: np.frombuffer(b64decode(each["values"]), "<f4") for each in data["metrics"]},
    }


def _codes(setting: dict[str, Any]) -> Any:
    return np.frombuffer(b64decode(setting["codes"]), f"<u{setting['bytes']}").astype(int) - 1
