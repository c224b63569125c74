"""`live`: the page on which settings are moved while the run follows."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from backtest.cli.chosen_configs import End, Setting, Start, config_names, configs_of, overrides_of
from backtest.cli.terminal import write


def live(
    config: Annotated[Path, typer.Argument(help="A configuration.", show_default=False, autocompletion=config_names)],
    *,
    port: Annotated[int, typer.Option(help="Port on this machine. Default: any free one.", show_default=False)] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Serve a page on this machine on which settings can be moved while growth and numbers follow."""
    from backtest.live.live_server import serve
    from backtest.runs.prepared import prepare

    (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))

    def ready(address: str) -> None:
        write(f"{address} (Ctrl-C stops it; the address is a secret of this machine)")
        if browser:
            webbrowser.open(address)

    serve(prepare(loaded, offline=offline), port, ready)
