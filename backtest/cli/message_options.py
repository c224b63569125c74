"""Options of every command that choose what is logged: `--quiet`, `--debug` and `--traceback`."""

import inspect
import logging
from collections.abc import Callable
from functools import wraps
from traceback import format_exception
from typing import Annotated, Any

import typer

from backtest.errors import BacktestError
from backtest.redaction import redact

LOG = logging.getLogger("backtest")
_PANEL = "Messages"

OPTIONS: dict[str, Any] = {
    "quiet": Annotated[
        bool,
        typer.Option(
            "--quiet", help="Print results and errors, but no notes, warnings or progress.", rich_help_panel=_PANEL
        ),
    ],
    "debug": Annotated[bool, typer.Option("--debug", help="Log the time of each step.", rich_help_panel=_PANEL)],
    "traceback": Annotated[
        bool,
        typer.Option("--traceback", help="Print where an error was raised, also in own code.", rich_help_panel=_PANEL),
    ],
}


def with_message_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that also takes `--quiet`, `--debug` and `--traceback`."""

    @wraps(command)
    def run(*arguments: Any, quiet: bool, debug: bool, traceback: bool, **options: Any) -> None:
        if quiet and debug:
            raise BacktestError("--quiet and --debug cannot be combined; expected one of them")
        LOG.setLevel(logging.ERROR if quiet else logging.DEBUG if debug else logging.INFO)
        try:
            command(*arguments, **options)
        except BacktestError as error:
            if traceback:
                typer.echo(redact("".join(format_exception(error))), err=True, nl=False)
            raise

    signature = inspect.signature(command)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in OPTIONS.items()
    ]
    parameters = [*signature.parameters.values(), *added]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # Typer reads it
    run.__annotations__ = {**command.__annotations__, **OPTIONS}
    return run
