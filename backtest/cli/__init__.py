"""Command line: the only layer that prints. Heavy imports wait until a command needs them."""

import gc
import logging
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from backtest.cli import break_even_command, compare_command, data_commands, run_commands, shelf_commands
from backtest.errors import BacktestError, readable
from backtest.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Backtest risk-parity portfolios on real history, with financing costs and without look-ahead.",
    epilog="Start with: python -m backtest run configs/erc.yaml",
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run_commands.run,
    "compare": compare_command.compare,
    "breakeven": break_even_command.breakeven,
    "open": shelf_commands.open_page,
    "list": shelf_commands.list_shelf,
    "strategies": run_commands.strategies,
    "assets": run_commands.assets,
    "risk": run_commands.risk,
}
for name, command in _COMMANDS.items():
    app.command(name)(command)
app.add_typer(data_commands.app, name="data")


def _print_version(version: bool) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


class _Messages(logging.Handler):
    """Handler that prints log messages, such as warnings of old or damaged data, as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "warning" if record.levelno >= logging.WARNING else "note"
        for line in readable(record.getMessage()).splitlines():
            typer.echo(f"{kind}: {line}", err=True)


def main() -> None:
    """Run the command line; an error that the user can fix prints one line and exits with code 2 or 3."""
    gc.set_threshold(1_000_000)  # objects live until the command exits; garbage collection took 10 % of the run time
    log, messages = logging.getLogger("backtest"), _Messages(logging.INFO)
    log.setLevel(logging.INFO)
    log.addHandler(messages)
    try:
        app(standalone_mode=True)
    except BacktestError as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {line}", err=True)
        sys.exit(error.exit_code)
    finally:
        log.removeHandler(messages)
