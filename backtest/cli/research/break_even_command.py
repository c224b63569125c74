"""`breakeven`: the financing spread above which a levered strategy no longer beats its benchmark."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import End, Setting, Start, config_names, configs_of, overrides_of
from backtest.cli.data_commands import check_choice
from backtest.cli.terminal import new_table, print_notes, progress, show

if TYPE_CHECKING:
    from backtest.analysis.break_even_spread.break_even_result import BreakEven, BreakEvenSpread, CurvePoint

_SPREADS = {
    "margin": "annual rate of the loan above cash",
    "futures": "basis of all futures: the annual rate above cash that their prices imply, on notionals",
    "leveraged_fund": "swap spread of the funds: the annual rate above cash that they pay on what they borrow",
}
_AT_CASH = {
    "margin": "the loan costs no more",
    "futures": "futures imply no higher rate",
    "leveraged_fund": "the funds pay no more",
}
_NO_INTERVAL = (math.nan, math.nan)


def breakeven(
    config: Annotated[
        Path,
        typer.Argument(
            help="A configuration file with a benchmark, such as configs/levered_erc.yaml or levered_erc.",
            autocompletion=config_names,
        ),
    ],
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the whole curve.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Find the financing spread over cash above which a levered strategy no longer beats its benchmark."""
    check_choice(offline=offline, refresh=refresh)
    with progress(["configuration", "data", "benchmark", "strategy", "break-even"]) as step:
        step("configuration")
        (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
        from backtest.runs.break_even import break_even

        result = break_even(loaded, offline=offline, refresh=refresh, on_step=step)
    if as_json:
        from backtest.reporting.files.manifest import plain_json

        typer.echo(json.dumps(plain_json(_plain(result)), indent=1))
    elif not result.borrows:
        configured, unit = result.configured, f" %{_a_year(result)}"
        typer.echo(
            f"{result.name} never borrows, so the spread has no effect: its compound return is "
            f"{_higher_or_lower(100 * configured.excess_return, unit)} and its Sharpe ratio "
            f"{_higher_or_lower(configured.excess_sharpe)} than for {result.benchmark}"
        )
    else:
        _print(result)


def _print(result: "BreakEven") -> None:
    from backtest.analysis.break_even_spread.spread_search import DRAWS
    from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED
    from backtest.reporting.format import terminal_percent as percent
    from backtest.reporting.format import terminal_ratio as ratio

    spreads = (result.by_return, result.by_sharpe)
    table = new_table(f"{result.start:%Y-%m-%d} to {result.end:%Y-%m-%d}", "return", "Sharpe ratio")
    table.add_row("break-even spread", *(_bps(solved.spread) for solved in spreads))
    if not math.isnan(result.block):
        table.add_row(f"  {LEVEL:.0%} interval", *(_range(solved) for solved in spreads))
    for label, point in _points(result):
        table.add_row(f"excess {label}", percent(point.excess_return), ratio(point.excess_sharpe))
    show(table)
    for measure, solved in zip(("compound return", "Sharpe ratio"), spreads, strict=True):
        print_notes(_verdicts(result, measure, solved.spread))
    typer.echo(f"spread: {_SPREADS[result.financing]}")
    typer.echo(f"excess: {result.name} less {result.benchmark},{_a_year(result)}")
    if not math.isnan(result.block):
        typer.echo(
            f"interval: {DRAWS:,} draws of the stationary bootstrap, blocks of {result.block:.1f} periods on average, "
            f"seed {SEED}"
        )


def _a_year(result: "BreakEven") -> str:
    return " a year" if result.whole_year else " over the whole run, of less than a year"


def _points(result: "BreakEven") -> "list[tuple[str, CurvePoint]]":
    """Return the points of the curve for the table, with labels; the configured spread may not be on the curve."""
    configured = result.configured
    if math.isnan(configured.spread):
        return [("at 0 bp", result.at(0.0)), ("as configured", configured)]
    return [
        (f"at {_bps(spread)}{' (configured)' if spread == configured.spread else ''}", result.at(spread))
        for spread in sorted({0.0, configured.spread, 2 * configured.spread})
    ]


def _verdicts(result: "BreakEven", measure: str, spread: float) -> list[str]:
    """Return a note on a break-even spread that no lender offers."""
    from backtest.analysis.break_even_spread.spread_search import BOUND

    if spread < 0:
        return [f"the {measure} is lower than for {result.benchmark} even if {_AT_CASH[result.financing]} than cash"]
    if math.isinf(spread):
        return [f"the {measure} is higher than for {result.benchmark} at any spread up to {_bps(BOUND)}"]
    return []


def _bps(spread: float) -> str:
    """Return a spread in words, or the side of the searched range beyond which it lies."""
    from backtest.analysis.break_even_spread.spread_search import BOUND
    from backtest.reporting.format import terminal_bps

    if math.isinf(spread):
        return f"{'above' if spread > 0 else 'below'} {terminal_bps(math.copysign(BOUND, spread))}"
    return terminal_bps(spread)  # a dash for NaN, because there is no Sharpe ratio without risk


def _range(solved: "BreakEvenSpread") -> str:
    """Return an interval with its stable digits, and with the unit only once if that is unambiguous."""
    if solved.interval is None:
        return "-"
    low, high = (round(end, solved.decimals) if math.isfinite(end) else end for end in solved.interval)
    first = _bps(low)
    if math.isnan(low):
        return first
    return f"{first if math.isinf(low) else first.removesuffix(' bp')} to {_bps(high)}"


def _higher_or_lower(difference: float, unit: str = "") -> str:
    return f"{abs(difference):.2f}{unit} {'higher' if difference >= 0 else 'lower'}"


def _plain(result: "BreakEven") -> dict[str, Any]:
    """Return the whole result for JSON: spreads in bp, infinite outside the searched range, and rates as decimals."""
    from backtest.analysis.break_even_spread.spread_search import BOUND, DRAWS
    from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED

    def bps(spread: float) -> float:
        return round(1e4 * spread, 9)

    def solution(spread: "BreakEvenSpread") -> dict[str, Any]:
        words = f"{_bps(spread.spread)}; {_range(spread)}" if result.borrows else "the spread has no effect"
        return {
            "spread_bps": bps(spread.spread),
            "interval_bps": [bps(end) for end in spread.interval or _NO_INTERVAL],
            "words": words,
        }

    return {
        "name": result.name,
        "benchmark": result.benchmark,
        "start": f"{result.start:%Y-%m-%d}",
        "end": f"{result.end:%Y-%m-%d}",
        "financing": result.financing,
        "configured_spread_bps": bps(result.configured.spread),
        "borrows": result.borrows,
        "return": solution(result.by_return),
        "sharpe": solution(result.by_sharpe),
        "curve": [
            {
                "spread_bps": bps(point.spread),
                "excess_return": point.excess_return,
                "excess_sharpe": point.excess_sharpe,
            }
            for point in result.curve
        ],
        "searched_bps": [bps(-BOUND), bps(BOUND)],
        "bootstrap": {"level": LEVEL, "draws": DRAWS, "seed": SEED, "mean_block_periods": result.block},
    }
