"""`list` and `open`: finished runs, and their pages in a browser."""

import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.terminal import new_table, show
from backtest.data.cache.default_folders import REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.table import Table

    from backtest.reporting.files.shelf_entry import ComparisonEntry, RunEntry
    from backtest.reporting.pages.shelf_page import Shelved


def list_shelf(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """List the runs and comparisons in reports/, newest first."""
    from backtest.reporting.pages.shelf_page import FIRST_RUN, read_shelf

    shelf = read_shelf(REPORTS)
    if as_json:
        typer.echo(json.dumps([_plain(shelved) for shelved in shelf], indent=1, ensure_ascii=False))
        return
    if not shelf:
        typer.echo(f"{REPORTS.as_posix()} holds no run. {FIRST_RUN}")
    for table in _tables(shelved for shelved in shelf if shelved.kind != "unreadable"):
        show(table)
    for shelved in shelf:
        if shelved.kind == "unreadable":
            typer.echo(f"unreadable: {shelved.folder.name} ({shelved.problem})")


def open_page(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A run or comparison in reports/, or a report folder. Default: the shelf, a page that lists them all.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open the page of a run or comparison in the browser, or the shelf, which lists them all."""
    page = _shelf() if name is None else _page_of(name)
    typer.echo(f"page: {page.as_posix()}")
    if not webbrowser.open(page.absolute().as_uri()):
        typer.echo("note: no browser could be started; open the page yourself", err=True)


def _shelf() -> Path:
    from backtest.errors import ReportError
    from backtest.reporting.pages.shelf_page import FIRST_RUN, read_shelf, write_shelf

    if not read_shelf(REPORTS):
        raise ReportError(f"{REPORTS.as_posix()} holds no run to show. {FIRST_RUN}")
    return write_shelf(REPORTS)  # rebuilt, because reports may have been written from Python or deleted in the meantime


def _page_of(name: str) -> Path:
    from backtest.errors import ReportError
    from backtest.reporting.pages.shelf_page import find

    entry = find(REPORTS, name)
    if entry.page is None:
        raise ReportError(f"{entry.folder.as_posix()}: no page to open. Hint: run it again.")
    return entry.folder / entry.page


def _tables(shelf: "Iterable[Shelved]") -> "list[Table]":
    """Return a table of the runs and a table of the comparisons, without empty tables."""
    from backtest.reporting.files.shelf_entry import ComparisonEntry, RunEntry
    from backtest.reporting.format import terminal_percent as percent
    from backtest.reporting.format import terminal_ratio as ratio

    runs = new_table("run", "period", "CAGR", "volatility", "Sharpe", "drawdown", "written")
    comparisons = new_table("comparison", "period", "best CAGR", "best Sharpe", "written")
    for shelved in shelf:
        table, numbers = (runs, [""] * 5) if shelved.kind == "run" else (comparisons, [""] * 3)
        match shelved.entry:
            case RunEntry() as run:
                earned = percent(run.cagr) if run.total_return is None else f"{percent(run.total_return)} in all"
                rates = (earned, percent(run.volatility), ratio(run.sharpe), percent(run.max_drawdown))
                numbers = [_period(run), *rates]
            case ComparisonEntry() as comparison:
                numbers = [_period(comparison), _best(comparison, "cagr", percent), _best(comparison, "sharpe", ratio)]
        table.add_row(shelved.folder.name, *numbers, shelved.written_at[:10])
    for column in (*runs.columns, *comparisons.columns):
        column.overflow = "fold"  # `open` needs the whole name, however long
    return [table for table in (runs, comparisons) if table.row_count]


def _period(entry: "RunEntry | ComparisonEntry") -> str:
    return f"{entry.start:%Y}-{entry.end:%Y}"


def _best(entry: "ComparisonEntry", key: str, write: "Callable[[float | None], str]") -> str:
    best, in_all = entry.best.get(key), ""
    if best is None and key == "cagr":
        best, in_all = entry.best.get("total_return"), " in all"
    return "equal" if best is None else f"{write(best.value)}{in_all} {', '.join(best.names)}"


def _plain(shelved: "Shelved") -> dict[str, Any]:
    """Return a run or comparison for JSON, with the numbers of its manifest; older versions have no numbers."""
    from backtest.reporting.files.shelf_entry import ComparisonEntry

    strategies = {"strategies": shelved.entry.names} if isinstance(shelved.entry, ComparisonEntry) else {}
    numbers = (
        {} if shelved.entry is None else shelved.entry.model_dump(mode="json", exclude={"sparkline", "sparklines"})
    )
    return {
        "folder": shelved.folder.as_posix(),
        "kind": shelved.kind,
        "name": shelved.name,
        "written_at": shelved.written_at or None,
        "page": None if shelved.page is None else (shelved.folder / shelved.page).as_posix(),
        **({"problem": shelved.problem} if shelved.problem else {}),
        **strategies,
        **numbers,
    }
