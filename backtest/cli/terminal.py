"""Terminal output of the commands: tables, lists, and a progress bar."""

import logging
import re
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_log = logging.getLogger(__name__)
_BAR_AFTER = 1.0  # seconds: a shorter run needs no progress bar
_WIDEST = 10_000  # characters
_NARROW = 14  # characters of a heading in a table that is too wide
_SHORTEST = 8  # blocks of a sparkline


def new_table(*headings: str) -> "Table":
    """Return an empty table with these headings; the first column is left-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == headings[0] else "right")
    return table


def show(*parts: object) -> None:
    """Print tables and texts without interpreting markup; headings of a table that is too wide are broken at `_`."""
    from rich.console import Console
    from rich.table import Table

    for table in parts:
        if isinstance(table, Table) and not fits(table):
            for column in table.columns:
                column.header = break_name(str(column.header), _NARROW)
    Console(highlight=False, markup=False, emoji=False).print(*parts)


def break_name(name: str, width: int) -> str:
    """Return a name in lines of at most `width` characters, broken only after `_`, so a longer part has its own line.

    Example:
        >>> break_name("levered_erc_break_even", 12).splitlines()
        ['levered_erc_', 'break_even']
    """
    lines = [""]
    for part in re.findall(r"[^_]*_+|[^_]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def room(table: "Table") -> int:
    """Return how many characters the terminal has to the right of a table."""
    from rich.console import Console

    console = Console()
    return console.width - console.measure(table, options=console.options.update(width=_WIDEST)).maximum


def write(text: str, *, indent: int = 0, err: bool = False) -> None:
    """Print a text, on a terminal in lines that break between words; lines after the first are indented."""
    if (sys.stderr if err else sys.stdout).isatty():
        width = max(shutil.get_terminal_size().columns, 2 * indent)
        after = " " * indent
        text = textwrap.fill(text, width, subsequent_indent=after, break_long_words=False, break_on_hyphens=False)
    typer.echo(text, err=err)


def fits(table: "Table") -> bool:
    """Return whether the terminal is wide enough for a table without folded or shortened cells."""
    return room(table) >= 0


def show_list(heading: str, rows: list[tuple[str, str]]) -> None:
    """Print a heading and, below it, one line for each name with its description."""
    width = max(len(name) for name, _ in rows)
    typer.echo(heading)
    for name, text in rows:
        write(f"  {name:<{width}}  {text}", indent=width + 4)


def print_notes(notes: Iterable[str], *, err: bool = False) -> None:
    """Print notes on a result, unless the command is `--quiet`."""
    for note in notes if _log.isEnabledFor(logging.INFO) else ():
        write(f"note: {note}", indent=6, err=err)


def has_bar() -> bool:
    """Return whether progress is shown: on a terminal, unless messages are `--quiet` or `--debug`."""
    return sys.stderr.isatty() and logging.DEBUG < _log.getEffectiveLevel() < logging.ERROR


def echo_if_numbered(written: Path, folder: Path) -> None:
    """Print where a report is, if its own folder holds the report of other settings."""
    if written != folder:
        kept = f"{folder.as_posix()} holds a report of other settings"
        print_notes([f"{kept}, so this one is in {written.as_posix()}; --replace replaces the first one"])


@contextmanager
def progress(steps: list[str]) -> Iterator[Callable[[str], None]]:
    """Log how long each step takes, and show a progress bar once the work has taken a while.

    Yields:
        A function that begins a step.
    """
    begun: list[tuple[str, float]] = []

    def log_last() -> None:
        for step, since in begun[-1:]:
            _log.debug("%s: %.3f s", step, time.perf_counter() - since)

    def begin(step: str) -> None:
        log_last()
        begun.append((step, time.perf_counter()))
        show_step(step)

    start = time.perf_counter()
    with _bar(steps) as show_step:
        yield begin
    log_last()
    _log.debug("in all: %.3f s", time.perf_counter() - start)


@contextmanager
def _bar(steps: list[str]) -> Iterator[Callable[[str], None]]:
    """Show a progress bar; yield a function that sets its step."""
    if not has_bar():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    task = bar.add_task(steps[0], total=len(steps))
    timer = threading.Timer(_BAR_AFTER, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda step: bar.update(task, description=step, completed=steps.index(step))
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


@contextmanager
def progress_by_series() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on a terminal; yield a function that reports each finished series."""
    if not has_bar():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("fetching", total=None)
        yield lambda label, done, total: bar.update(task, description=label, completed=done, total=total)


def sparklines(navs: "Sequence[tuple[str, pd.Series[float]]]", width: int = 48) -> str:
    """Return a line of blocks for the growth of each name, on one scale, with the final value on the right.

    The result is empty if the output's encoding has no such blocks. A line is as wide as the terminal at most.

    Args:
        navs: name and (P,) NAV that starts at 1, over the same dates.
        width: maximum number of blocks.
    """
    import numpy as np
    from rich.console import Console

    from backtest.analysis.drawing.sparkline import heights

    blocks = "▁▂▃▄▅▆▇█"
    try:
        blocks.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return ""
    margin = max(len(name) for name, _ in navs)
    ends = [f"{nav.iloc[-1]:,.2f}" for _, nav in navs]
    width = max(min(width, Console().width - margin - len(max(ends, key=len)) - 5), _SHORTEST)
    values = [nav.to_numpy()[np.linspace(0, len(nav) - 1, min(width, len(nav))).round().astype(int)] for _, nav in navs]
    lines = [f"growth of 1{', log scale' if all((line > 0).all() for line in values) else ''}"]
    for (name, _), line, end in zip(navs, heights(values), ends, strict=True):
        row = "".join(blocks[place] for place in np.round(7 * line).astype(int))
        lines.append(f"  {name:<{margin}}  {row} {end}")
    return "\n".join(lines)


def chart(values: "pd.Series[float]", width: int = 60, height: int = 8) -> str:
    """Return a line chart of blocks, with its range on the left and its first and last date below."""
    import numpy as np

    shown = values.to_numpy()[np.linspace(0, len(values) - 1, min(width, len(values))).round().astype(int)]
    low, high = float(shown.min()), float(shown.max())
    filled = np.round((shown - low) / ((high - low) or 1.0) * (8 * height - 1)).astype(int) + 1  # eighths of a row
    height = height if high > low else 1
    blocks = " ▁▂▃▄▅▆▇█"
    rows = ["".join(blocks[min(max(one - 8 * row, 0), 8)] for one in filled) for row in range(height - 1, -1, -1)]
    labels = [f"{high:,.4g}", *[""] * (height - 2), f"{low:,.4g}"][:height]
    margin = max(map(len, labels))
    first, last = f"{values.index[0]:%Y-%m-%d}", f"{values.index[-1]:%Y-%m-%d}"
    below = first + last.rjust(max(len(shown) - len(first), len(last) + 1))
    return "\n".join(
        [*(f"{label:>{margin}} {row}" for label, row in zip(labels, rows, strict=True)), " " * (margin + 1) + below]
    )
