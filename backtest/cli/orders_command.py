"""`orders`: what to trade now, from the holdings of an account to the latest targets of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.cli.chosen_configs import End, Setting, Start, configs_of, overrides_of
from backtest.cli.data_commands import check_choice
from backtest.cli.terminal import new_table, print_notes, progress, show

if TYPE_CHECKING:
    from backtest.analysis.orders.order_list import OrderList


def orders(
    config: Annotated[Path, typer.Argument(help="A configuration file, such as configs/erc.yaml or erc.")],
    *,
    nav: Annotated[
        float | None,
        typer.Option(help="Value of the account. Default: its holdings and cash, or initial_capital times NAV of 1."),
    ] = None,
    holdings: Annotated[
        Path | None,
        typer.Option(
            help="CSV file with symbol, quantity, value, and a row `cash`. Default: what the run holds.",
            show_default=False,
        ),
    ] = None,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Show the orders that lead from an account's holdings to the latest targets of a strategy."""
    check_choice(offline=offline, refresh=refresh)
    with progress(["configuration", "data", "benchmark", "strategy"]) as step:
        step("configuration")
        (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
        from backtest.analysis.orders.order_list import orders as orders_of
        from backtest.runs.pipeline import run

        listed = orders_of(run(loaded, offline=offline, refresh=refresh, on_step=step), nav=nav, holdings=holdings)
    if as_json:
        from backtest.reporting.files.report_files import json_bytes

        typer.echo(json_bytes(listed.plain()).decode(), nl=False)
    else:
        _print(listed)


def _print(listed: "OrderList") -> None:
    """Print the orders, the value of the account, and the notes."""
    from backtest.reporting.order_rows import HEADINGS, in_words, order_rows

    table = new_table(f"{listed.date:%Y-%m-%d}", *HEADINGS)
    for row in order_rows(listed):
        table.add_row(*(text.replace("−", "-").replace("–", "-") for text in row))
    show(table)
    typer.echo(in_words(listed))
    print_notes(listed.notes)
