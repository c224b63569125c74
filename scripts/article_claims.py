"""The claims of the article behind the project, each with what the bundled data say and how sure that is."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

import backtest as bt
from backtest.analysis.compare.comparison import Comparison
from backtest.data.sources.bundled_sample import Sample
from backtest.risk import risk_contributions, risk_parity_weights
from scripts.paper_tables import benchmark_of

CONFIGS = Path(__file__).parents[1] / "configs"
SURE = 0.05
"""p-value below which a difference is called more than chance."""


class Claim(NamedTuple):
    """Claim of the article, finding from the data, and how sure the finding is."""

    claim: str
    finding: str
    certainty: str


def claims() -> list[Claim]:
    """Return all claims, in the order of the article."""
    names = ("60_40", "erc", "all_weather", "levered_erc")
    compared = bt.compare([bt.run(CONFIGS / f"{name}.yaml") for name in names])
    return [
        _example(),
        _diversification(compared),
        _sharpe(compared),
        _crises(compared),
        _leverage_cost(),
        _rising_rates(),
        _year_2022(),
        _history_flatters(compared),
        _all_weather_risk(compared),
        _all_weather_inflation(),
    ]


def percent(number: float, digits: int = 0) -> str:
    """Return a decimal in percent, as the docs write it.

    >>> percent(-0.289)
    '−29 %'
    """
    return f"{signed(number * 100, digits)} %"


def signed(number: float, digits: int = 2) -> str:
    """Return a number with a typographic minus.

    >>> signed(-0.5, 1)
    '−0.5'
    """
    return f"{number:,.{digits}f}".replace("-", "−")


def _p(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def _verdict(p_value: float) -> str:
    return f"{'more than chance' if p_value < SURE else 'may be chance'} ({_p(p_value)})"


def _example() -> Claim:
    covariance = np.array([[0.0225, 0.0015], [0.0015, 0.0025]])  # volatilities of 15 and 5 %, correlation 0.2
    parity = risk_parity_weights(covariance)
    contributions = risk_contributions(np.array([0.6, 0.4]), covariance)
    share = float(contributions[0] / contributions.sum())
    volatility = float(np.sqrt(parity @ covariance @ parity))
    return Claim(
        "At 60/40, stocks have about 86 % of the risk; risk parity is 25/75, with a volatility of 5.1 %.",
        f"{percent(share, 1)}; {percent(parity[0])} and {percent(parity[1])}; {percent(volatility, 2)}.",
        "Exact, by the article's own formulas. Its weights are right; its other two numbers are not.",
    )


def _shares(compared: Comparison, name: str) -> dict[str, float]:
    """Return the realised risk shares of a strategy by asset, largest first."""
    shares: dict[str, float] = compared.summaries[name]["realised_risk_shares"]
    assets = {asset: share for asset, share in shares.items() if asset != "cash_and_costs"}
    return dict(sorted(assets.items(), key=lambda item: -item[1]))


def _diversification(compared: Comparison) -> Claim:
    (stocks, most), *_ = _shares(compared, "60_40").items()
    (asset, largest), *_ = _shares(compared, "erc").items()
    found = f"{stocks} with {percent(most)} in 60/40, {asset} with {percent(largest)} in ERC of four assets"
    return Claim(
        "Risk parity is better diversified than 60/40.",
        f"Largest share of the realised risk: {found}.",
        "Sure: the weights are made for it, and the outcome is close.",
    )


def _sharpe_difference(compared: Comparison, name: str, other: str) -> tuple[float, float]:
    """Return the Sharpe ratio of one strategy minus the other's, and its p-value."""
    table = compared.sharpe_differences
    for first, second, sign in ((name, other, 1), (other, name, -1)):
        pair = table[(table["name"] == first) & (table["other"] == second)]
        if len(pair):
            return sign * float(pair["difference"].iloc[0]), float(pair["robust_p"].iloc[0])
    raise KeyError(name, other)


def _sharpe(compared: Comparison) -> Claim:
    difference, p_value = _sharpe_difference(compared, "erc", "60_40")
    run = bt.run(CONFIGS / "papers" / "asness_unlevered.yaml")
    balanced = benchmark_of(run)
    long, long_p = _sharpe_difference(bt.compare([run, balanced]), run.name, balanced.name)
    century = f"{run.nav.index[0]:%Y} to {run.nav.index[-1]:%Y}"
    four = f"ERC of four assets minus 60/40, {compared.start:%Y} to {compared.end:%Y}: {signed(difference)}."
    two = f"Stocks and Aaa bonds by inverse volatility minus 60/40, {century}: {signed(long)}."
    return Claim(
        "Risk parity has had the higher Sharpe ratio.",
        f"{four} {two}",
        f"{_verdict(p_value).capitalize()}; {_verdict(long_p)}.",
    )


def _crises(compared: Comparison) -> Claim:
    lost_less = {
        name: sum(bool(crisis.returns[name] > crisis.returns["60_40"]) for crisis in compared.crises)
        for name in ("erc", "levered_erc")
    }
    count = len(compared.crises)
    balanced, parity, levered = (
        percent(compared.summaries[name]["max_drawdown"]) for name in ("60_40", "erc", "levered_erc")
    )
    erc, levered_erc = lost_less.values()
    crises = f"ERC lost less than 60/40 in {erc} of {count} crises, levered ERC in {levered_erc}."
    return Claim(
        "Risk parity is resilient: bonds and alternatives cushion stock-market crises.",
        f"{crises} Worst falls: 60/40 {balanced}, ERC {parity}, levered ERC {levered}.",
        f"Sign test of ERC: {_verdict(binomtest(erc, count).pvalue)}. Leverage gives the cushion away.",
    )


def _leverage_cost() -> Claim:
    summary = bt.run(CONFIGS / "levered_erc.yaml").summary()
    found = bt.break_even(CONFIGS / "levered_erc.yaml").by_return
    low, high = (signed(end * 1e4, 0) for end in found.interval or (np.nan, np.nan))
    return Claim(
        "It needs leverage, and leverage costs.",
        f"Average gross exposure {summary['average_gross_exposure']:.1f}. Levered ERC earns as much as 60/40 at a "
        f"spread of {found.spread * 1e4:.0f} bp over bills.",
        f"The interval of the break-even is {low} to {high} bp: history does not say whether leverage pays.",
    )


def yield_regimes() -> pd.Series:
    """Return, by month, whether the 10-year yield is above or below the yield a year before."""
    yields = Sample("sample").fetch("us_yield_10y", None, 60.0).values["rate"].dropna()
    change = yields.diff(12).dropna()
    labels = ["rising" if step > 0 else "falling" for step in change]
    return pd.Series(labels, index=change.index, name="10-year yield")


def _rising_rates() -> Claim:
    data = {"assets": ["us_stocks", "us_treasury_10y"], "start": "1953-04-01", "end": "2021-06-30"}
    run = bt.run(CONFIGS / "matched_erc.yaml", {"data": data})
    labels = yield_regimes()
    tables = [each.regimes(labels).loc["10-year yield"] for each in (run, benchmark_of(run))]
    falling, rising = ([float(table["sharpe"][state]) for table in tables] for state in ("falling", "rising"))
    p_value, balanced_p = (float(table["p_value"]["rising"]) for table in tables)
    years = f"{run.nav.index[0]:%Y} to {run.nav.index[-1]:%Y}"
    parity = (
        f"Sharpe ratio {signed(falling[0])} when the 10-year yield fell over a year, {signed(rising[0])} when it rose"
    )
    return Claim(
        "Bonds lag when rates rise, and risk parity with them.",
        f"ERC of stocks and Treasuries, levered to the volatility of 60/40, {years}: {parity}; 60/40 "
        f"{signed(falling[1])} and {signed(rising[1])}.",
        f"{_verdict(p_value).capitalize()}; for 60/40 too ({_p(balanced_p)}). Known only afterwards.",
    )


def _year_2022() -> Claim:
    names = ("60_40", "erc", "levered_erc")
    compared = bt.compare([bt.run(CONFIGS / "daily" / f"{name}.yaml") for name in names])
    returns = next(crisis.returns for crisis in compared.crises if crisis.crisis.name == "2022")
    balanced, parity, levered = (percent(float(returns[f"{name}_daily"])) for name in names)
    return Claim(
        "The same, in 2022.",
        f"60/40 {balanced}, ERC of three assets {parity}, levered ERC {levered}.",
        "One year: an example, not a test.",
    )


def _history_flatters(compared: Comparison) -> Claim:
    low, high = compared.summaries["erc"]["confidence"]["sharpe"]
    needed = compared.differences["erc"]["mean_return"].years_needed
    years = (compared.end - compared.start).days / 365.25
    return Claim(
        "A backtest flatters; the past may not hold.",
        f"{years:.0f} years leave the Sharpe ratio of ERC between {low:.2f} and {high:.2f}.",
        f"At the difference in return seen here, it takes about {needed:,.0f} years to tell ERC from 60/40.",
    )


def _all_weather_risk(compared: Comparison) -> Claim:
    shares = ", ".join(f"{asset} {percent(share)}" for asset, share in _shares(compared, "all_weather").items())
    gross = compared.summaries["all_weather"]["max_gross_exposure"]
    return Claim(
        "All-Weather has balanced risk and uses leverage.",
        f"Realised risk: {shares}. Largest gross exposure {gross:.2f}.",
        "Sure, by its weights: as the article lists it, its risk is not balanced and it has no leverage.",
    )


def _all_weather_inflation() -> Claim:
    prices = {"source": "sample", "symbol": "us_cpi"}
    table = bt.run(CONFIGS / "all_weather.yaml", {"data.consumer_prices": prices}).regimes().loc["inflation"]
    rising, falling = (float(table["sharpe"][state]) for state in ("rising", "falling"))
    return Claim(
        "All-Weather thrives in inflation and in deflation.",
        f"Sharpe ratio {signed(rising)} when inflation rose, {signed(falling)} when it fell.",
        f"The difference {_verdict(float(table['p_value']['rising']))}. The history has no long deflation.",
    )
