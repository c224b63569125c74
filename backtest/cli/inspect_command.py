"""`data inspect`: what a file is taken to be, and the section of a configuration that reads it."""

import logging
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.cli.terminal import new_table, print_notes, show
from backtest.errors import BacktestError

if TYPE_CHECKING:
    from backtest.data.inspection import InspectedFile
    from backtest.data.sources.tables.dialect import Dialect

_log = logging.getLogger(__name__)
_MOST = 60  # series in the table


def inspect_file(
    file: Annotated[Path, typer.Argument(help="A file of prices or returns, or a folder of one file for each symbol.")],
    *,
    separator: Annotated[str | None, typer.Option(help="Character between cells, or tab.", show_default=False)] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark, . or a comma.", show_default=False)] = None,
    date_format: Annotated[str | None, typer.Option(help="Such as %d/%m/%Y.", show_default=False)] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet, or file in a zip archive.", show_default=False)] = None,
) -> None:
    """Show what a file is taken to be, and print the section of a configuration that reads it."""
    from backtest.data.inspection import inspect_file as inspected

    given = {"separator": separator, "decimal": decimal, "date_format": date_format, "sheet": sheet}
    _print(inspected(file, _dialect({name: text for name, text in given.items() if text is not None})))


def _dialect(given: dict[str, str]) -> "Dialect":
    from pydantic import ValidationError

    from backtest.data.series_settings import SeriesSettings, stated_dialect

    try:
        return stated_dialect(SeriesSettings.model_validate(given))
    except ValidationError as failure:
        error = failure.errors()[0]
        option = str(error["loc"][0]).replace("_", "-")
        raise BacktestError(f"--{option}: {error['msg'].removeprefix('Value error, ')}") from failure


def _print(inspected: "InspectedFile") -> None:
    for heading, text in (
        (inspected.path, inspected.written),
        ("dates", inspected.dates),
        ("layout", inspected.layout),
        ("values", inspected.numbers),
    ):
        typer.echo(f"{heading}: {text}")
    table = new_table("series", "from", "to", "values", "missing", "meaning")
    for one in inspected.series[:_MOST]:
        table.add_row(one.name, one.first, one.last, f"{one.values:,}", f"{one.missing:,}", one.meaning)
    show(table)
    if len(inspected.series) > _MOST:
        typer.echo(f"and {len(inspected.series) - _MOST:,} more series")
    print_notes(inspected.notes)
    for finding in inspected.findings:
        _log.warning("%s", finding)
    typer.echo(_yaml(inspected), nl=False)


def _yaml(inspected: "InspectedFile") -> str:
    """Return the section as YAML, with a comment where a cash rate has to be chosen."""
    from ruamel.yaml import YAML

    yaml, text = YAML(), StringIO()
    yaml.default_flow_style, yaml.width = None, 120
    yaml.dump({"data": dict(inspected.settings)}, text)
    chosen = "  cash: 0.02  # a rate a year, or a series such as {source: fred, symbol: DTB3}\n"
    return text.getvalue().replace("  cash: 0.02\n", chosen)
