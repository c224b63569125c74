"""Leverage in words: terms of the kind of financing, events, and the break-even spread."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from backtest.analysis.break_even_spread.spread_search import BOUND
from backtest.analysis.metrics.metric_registry import BY_KEY
from backtest.analysis.result import BacktestResult
from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.reporting.display_names import asset_name, run_title
from backtest.reporting.format import bps, day, percent, percent2
from backtest.reporting.pages.measure_texts import CASH

_EVENTS = 20  # on the page


@dataclass(frozen=True)
class FinancingWords:
    """Words for one kind of financing.

    Args:
        paid: end of the sentence that opens the page; `{}` is a rate per year, or a part of NAV over less than a year.
        at_cash: label and meaning of the interest at the cash return.
        above: label and meaning of the interest above the cash return.
        interest: meaning of all interest.
        cost: meaning of the borrowing cost among the terms of the levered return.
        weights: meaning of a weight, below the figure of weights.
        cash: meaning of cash, below the holdings.
        free: label of 1 - Σ weight among the holdings.
        average_free: label and meaning of its average over the run.
        spread: name of the spread that breaks even.
    """

    paid: str
    at_cash: tuple[str, str]
    above: tuple[str, str]
    interest: str
    cost: str
    weights: str
    cash: str
    free: str
    average_free: tuple[str, str]
    spread: str


AVERAGE_OF_ANY = (
    "Average NAV less exposure",
    "Mean of 1 - Σ weight. On margin it is cash, and a value below zero is borrowed; with futures NAV is in bills.",
)
"""Label and meaning of the average of 1 - Σ weight for runs with different kinds of financing."""

_WORDS: Mapping[str, FinancingWords] = {
    "margin": FinancingWords(
        paid="paid {} to borrow",
        at_cash=("Financing, at the cash rate", "Interest on loans at the cash return."),
        above=("Financing, above the cash rate", "The part of the interest above the cash return."),
        interest="All interest on loans.",
        cost="Mean leverage less 1, times the mean rate above cash.",
        weights="what exceeds 100% of NAV is borrowed or short",
        cash="Cash below zero is borrowed",
        free="Cash",
        average_free=(BY_KEY[CASH].label, BY_KEY[CASH].meaning),
        spread="loan spread",
    ),
    "futures": FinancingWords(
        paid="paid {} through the rate implied by its futures",
        at_cash=(
            "Implied rate, at the cash rate",
            "The cash return on all notionals, which is part of the price of futures; NAV earns it in bills.",
        ),
        above=("Basis", "The part of the implied rate above the cash return."),
        interest="The implied rate on all notionals; NAV earns the cash return in bills.",
        cost="Mean notional over NAV, times the mean basis.",
        weights="weights are notionals, and NAV stays in bills",
        cash="Weights are notionals; all of NAV is in bills, whatever the weights add up to",
        free="NAV less notionals",
        average_free=(
            "Average NAV less notionals",
            "Mean of 1 - Σ weight. Weights are notionals; all of NAV is in bills.",
        ),
        spread="futures basis",
    ),
    "leveraged_fund": FinancingWords(
        paid="paid {} inside its funds on their borrowing",
        at_cash=(
            "Paid by the funds, at the cash rate",
            "Interest of the funds on their borrowing, at the cash return.",
        ),
        above=("Swap spread", "Interest of the funds above the cash return."),
        interest="All interest that the funds pay on their borrowing.",
        cost="Mean borrowing of the funds over NAV, times the mean swap spread.",
        weights="weights are the exposures that the funds give",
        cash="Weights are exposures; a fund of leverage L needs 1/L of its exposure in money",
        free="NAV less exposures",
        average_free=(
            "Average NAV less exposures",
            "Mean of 1 - Σ weight. Weights are exposures; a fund of leverage L needs 1/L of its exposure in money.",
        ),
        spread="swap spread",
    ),
}


def words_of(result: BacktestResult) -> FinancingWords:
    """Return the words for the kind of financing of a run."""
    return _WORDS[result.financing]


def sources_in_words(words: FinancingWords) -> dict[str, tuple[str, str]]:
    """Return label and meaning of each of `return_attribution.SOURCES`."""
    return {
        "cash_interest": ("Interest on cash", "Interest on free cash and on the proceeds of short sales."),
        "financing_at_cash_rate": words.at_cash,
        "financing_spread": words.above,
        "borrow_fees": ("Borrow fees", "Fees on short positions."),
        "trading_costs": ("Trading costs", "Costs of all trades."),
        "other_fees": ("Other fees", "Fund expenses and management fees."),
        "shortfall": ("Lost beyond NAV", "Losses beyond NAV, borne by the lender or by other creditors."),
    }


def bars_in_words(result: BacktestResult, waterfall: pd.DataFrame) -> list[str]:
    """Return the labels of the bars of `return_attribution.waterfall`; an asset keeps its name, whatever it is."""
    sources, assets = sources_in_words(words_of(result)), set(result.assets)
    names = [str(name) for name in waterfall.index[:-1]]
    labels = (sources[name][0] if name in sources and name not in assets else asset_name(name) for name in names)
    return [*labels, "Total return"]


def events(result: BacktestResult) -> dict[str, Any]:
    """Return the first events as rows of date, event and words, and the number of further events."""
    table = result.events
    shown = table.iloc[:_EVENTS]
    rows = [
        {"date": day(date), **_event(event, amount)}
        for date, event, amount in zip(shown.index, shown["event"], shown["amount"], strict=True)
    ]
    return {"rows": rows, "more": len(table) - len(rows)}


def _event(event: str, amount: float) -> dict[str, str]:
    label, words = {
        "margin_call": ("Margin call", f"{percent2(amount)} of NAV was sold at this close"),
        "answered_call": ("Margin call", f"answered by the trade of this close, {percent2(amount)} of NAV"),
        "scaled_down": ("Target scaled down", f"to {percent(amount)} of the target weights"),
        "no_price": ("No price", f"{percent2(amount)} of NAV was sold at its last price"),
        "ruin": ("Ruin", f"all capital was lost, and {percent2(amount)} of the first NAV in addition"),
    }[event]
    return {"event": label, "words": words}


def break_even_in_words(result: BacktestResult) -> list[str]:
    """Return a sentence on the compound return and one on the Sharpe ratio; none if nothing was computed."""
    solved = result.break_even
    if solved is None or not solved.borrows:
        return []
    kind, sentences = words_of(result).spread, []
    named = next((run_title(side) for side in result.benchmarks if side.name == solved.benchmark), solved.benchmark)
    for measure, side in (("compound return", solved.by_return), ("Sharpe ratio", solved.by_sharpe)):
        if math.isnan(side.spread):
            continue
        if math.isinf(side.spread):
            above = "above" if side.spread > 0 else "below"
            sentence = f"The {measure} is {above} the benchmark's ({named}) at any {kind}"
            sentence += f" up to {bps(BOUND)}" if side.spread > 0 else f" down to {bps(-BOUND)}"
        else:
            sentence = f"The {measure} equals the benchmark's ({named}) at a {kind} of {bps(side.spread)}"
            if side.spread < 0:
                sentence += ", so it is lower even if financing costs no more than cash"
        if side.interval is not None:
            low, high = (_end(round(end, side.decimals) if math.isfinite(end) else end) for end in side.interval)
            sentence += f" ({percent(LEVEL, 0)} interval: {low} to {high})"
        sentences.append(f"{sentence}.")
    return sentences


def _end(spread: float) -> str:
    if math.isinf(spread):
        return f"{'above' if spread > 0 else 'below'} {bps(math.copysign(BOUND, spread))}"
    return bps(spread)
