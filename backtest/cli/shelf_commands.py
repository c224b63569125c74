"""`list` and `open`: finished runs, and their pages in a browser."""

import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.terminal import break_name, new_table, room, show
from backtest.data.cache.default_folders import REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.table import Table

    from backtest.reporting.files.shelf_entry import ComparisonEntry, RunEntry
    from backtest.reporting.pages.shelf_page import Shelved

_RUN = ("run", "period", "CAGR", "volatility", "Sharpe", "drawdown", "written")
_COMPARISON = ("comparison", "period", "best CAGR", "best Sharpe", "written")
_NAME = 16  # fewest characters of a name in one line


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
    for table in _tables(shelved for shelved in shelf if shelved.kind in ("run", "comparison")):
        show(table)
    for shelved in shelf:
        if shelved.kind == "sweep":
            typer.echo(f"sweep: {shelved.folder.name}{'' if shelved.page else ' (unfinished)'}")
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
    runs, comparisons = list["Shelved"](), list["Shelved"]()
    for shelved in shelf:
        (runs if shelved.kind == "run" else comparisons).append(shelved)
    return [
        _as_wide_as_the_terminal(
            headings, [(one.folder.name, *cells(one.entry), one.written_at[:10]) for one in listed]
        )
        for listed, cells, headings in ((runs, _run_cells, _RUN), (comparisons, _comparison_cells, _COMPARISON))
        if listed
    ]


def _as_wide_as_the_terminal(headings: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> "Table":
    """Return a table whose names, in the first column, are broken at `_` if they do not fit.

    The whole name is shown, however long, because `open` needs it.
    """
    table = _table(headings, rows)
    missing = -room(table)
    if missing > 0:
        longest = max(len(row[0]) for row in rows)
        width = max(longest - missing, _NAME)
        table = _table(headings, [(break_name(name, width), *cells) for name, *cells in rows])
        table.columns[0].overflow = "fold"
    return table


def _table(headings: "Sequence[str]", rows: "Iterable[Sequence[str]]") -> "Table":
    table = new_table(*headings)
    for cells in rows:
        table.add_row(*cells)
    for column in table.columns[1:]:
        column.overflow = "fold"
    return table


def _run_cells(entry: "RunEntry | ComparisonEntry | None") -> "Sequence[str]":
    from backtest.reporting.files.shelf_entry import RunEntry
    from backtest.reporting.format import terminal_percent as percent
    from backtest.reporting.format import terminal_ratio as ratio

    if not isinstance(entry, RunEntry):
        return [""] * (len(_RUN) - 2)
    earned = percent(entry.cagr) if entry.total_return is None else f"{percent(entry.total_return)} in all"
    return [_period(entry), earned, percent(entry.volatility), ratio(entry.sharpe), percent(entry.max_drawdown)]


def _comparison_cells(entry: "RunEntry | ComparisonEntry | None") -> "Sequence[str]":
    from backtest.reporting.files.shelf_entry import ComparisonEntry
    from backtest.reporting.format import terminal_percent as percent
    from backtest.reporting.format import terminal_ratio as ratio

    if not isinstance(entry, ComparisonEntry):
        return [""] * (len(_COMPARISON) - 2)
    return [_period(entry), _best(entry, "cagr", percent), _best(entry, "sharpe", ratio)]


def _period(entry: "RunEntry | ComparisonEntry") -> str:
    return f"{entry.start:%Y}-{entry.end:%Y}"


def _best(entry: "ComparisonEntry", key: str, write: "Callable[[float | None], str]") -> str:
    best, in_all = entry.best.get(key), ""
    if best is None and key == "cagr":
        best, in_all = entry.best.get("total_return"), " in all"
    if best is None:
        return "equal"
    names = ",\n".join(break_name(name, _NAME) for name in best.names)
    return f"{write(best.value)}{in_all}\n{names}"


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
