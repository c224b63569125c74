"""Synthetic results for tests of pages and figures: any size, frequency, leverage and names, from a seed."""

import numpy as np
import pandas as pd

from backtest.analysis import BacktestResult

FREQUENCIES = {252: "B", 365: "D", 52: "W-FRI", 12: "ME", 4: "QE", 1: "YE"}


def synthetic_result(
    periods: int = 48,
    assets: tuple[str, ...] = ("stocks", "bonds", "gold"),
    *,
    periods_per_year: int = 12,
    gross: float = 1.0,
    short: bool = False,
    free: bool = False,
    risk: bool = True,
    still: bool = False,
    ruined: bool = False,
    benchmark: bool = True,
    name: str = "synthetic",
    start: str = "2003-12-31",
    notes: tuple[str, ...] = (),
    seed: int = 0,
) -> BacktestResult:
    """Return a result of n periods.

    With a gross exposure above 1 there is a loan, with interest and drag; with `short` the last asset is held short,
    with `free` nothing is paid, with `risk` there are ex-ante risk contributions, with `still` there is no return at
    all, and with `ruined` NAV ends at zero.
    """
    rng = np.random.default_rng(seed)
    dates = pd.date_range(start, periods=periods + 1, freq=FREQUENCIES[periods_per_year], name="date")
    count = len(assets)
    raw = rng.uniform(0.5, 1.5, (periods + 1, count))
    weights = gross * raw / raw.sum(axis=1, keepdims=True)
    if short:
        weights[:, -1] *= -1
    returns = np.zeros(periods) if still else rng.normal(0.08 / periods_per_year, 0.15 / periods_per_year**0.5, periods)
    nav = np.cumprod(np.append(1.0, 1 + returns))
    if ruined:
        nav[-1] = 0.0
    opening = np.append(0.0, nav[:-1])
    paying = np.zeros(periods + 1) if free else opening / periods_per_year
    loan = max(gross - 1, 0.0) * opening
    costs = pd.DataFrame(
        {
            "trading": 0.002 * paying,
            "financing": (0.0 if free else 0.03 / periods_per_year) * loan,
            "borrow": (0.004 if short else 0.0) * paying,
            "fees": 0.0 * paying,
        },
        index=dates,
    )
    targets = pd.DataFrame(weights[:: max(1, periods // 40)], columns=list(assets))
    targets.index = dates[:: max(1, periods // 40)]
    contributions = targets * 0.1 if risk else targets.iloc[:0]
    earned = np.diff(nav, prepend=1.0) + costs.sum(axis=1).to_numpy()
    shares = np.abs(weights) / np.abs(weights).sum(axis=1, keepdims=True)
    pnl = pd.DataFrame(earned[:, None] * shares, index=dates, columns=list(assets))
    added = pnl.assign(
        cash_interest=0.0,
        financing_cost=-costs["financing"],
        borrow_fees=-costs["borrow"],
        trading_costs=-costs["trading"],
        other_fees=-costs["fees"],
        shortfall=0.0,
    )
    return BacktestResult(
        name=name,
        strategy="fixed",
        periods_per_year=periods_per_year,
        nav=pd.Series(nav, index=dates, name="nav"),
        weights=pd.DataFrame(weights, index=dates, columns=list(assets)),
        target_weights=targets,
        target_scales=pd.Series(1.0, index=targets.index, name="target_scale"),
        trades=targets.diff().fillna(targets),
        trade_terms=pd.DataFrame(
            {"reason": "rebalance", "margin_call": False, "scale": 1.0}, index=targets.index
        ),
        turnover=pd.Series(np.where(opening > 0, 0.05, 0.0), index=dates, name="turnover"),
        costs=costs,
        financing_drag=(costs["financing"] / 4).rename("financing_drag"),
        loan=pd.Series(loan, index=dates, name="loan"),
        contributions=added,
        risk_contributions=contributions,
        asset_volatilities=contributions.abs() * 0 + 0.12,
        class_volatilities=pd.DataFrame({"equities": contributions.sum(axis=1)}),
        trade_dates=pd.Series(targets.index, index=targets.index),
        asset_returns=pnl / np.maximum(opening, 1e-9)[:, None],
        cash_returns=pd.Series(0.0 if still else 0.02 / periods_per_year, index=dates, name="cash"),
        latest_trades=pd.Series(0.01, index=list(assets)),
        classes=dict.fromkeys(assets, "equities"),
        benchmark=synthetic_result(
            periods, assets[:2], periods_per_year=periods_per_year, benchmark=False, name="sixty_forty", start=start,
            still=still, free=free, risk=risk, seed=seed + 1,
        ) if benchmark else None,
        notes=notes,
        settings={"name": name, "data": {"source": "sample", "path": None, "assets": list(assets)}, "benchmark": None},
        data_sha256="ab" * 32,
    )  # fmt: skip
