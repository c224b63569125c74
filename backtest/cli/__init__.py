"""The command line: the only place that prints. Heavy imports wait until a command needs them."""

import gc
import logging
import sys
from collections.abc import Callable

import typer

from backtest.cli import breakeven, compare, data, runs, shelf
from backtest.errors import BacktestError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Backtest risk-parity portfolios on real history: financing charged, the future unseen.",
    epilog="Begin with: python -m backtest run configs/erc.yaml",
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "run": runs.run,
    "compare": compare.compare,
    "breakeven": breakeven.breakeven,
    "open": shelf.open_page,
    "list": shelf.list_shelf,
    "strategies": runs.strategies,
    "assets": runs.assets,
    "risk": runs.risk,
}
for name, command in _COMMANDS.items():
    app.command(name)(command)
app.add_typer(data.app, name="data")


class _Messages(logging.Handler):
    """What the project logs of the moment - data that is old, damaged or changed, a wait - as lines of their own."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "warning" if record.levelno >= logging.WARNING else "note"
        for line in record.getMessage().splitlines():
            typer.echo(f"{kind}: {line}", err=True)


def main() -> None:
    """Run the command line; what the user can mend ends in one line an error and exit code 2 or 3."""
    gc.set_threshold(1_000_000)  # what a command makes stays to its end: looking for garbage took a tenth of its time
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
