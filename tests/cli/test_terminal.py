"""Growth in blocks, and the progress bar."""

import sys
import threading
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from backtest.cli import terminal as terminal_writing


def test_a_line_of_blocks_is_exact_on_a_log_scale() -> None:
    """Eight doublings are eight blocks; the other line, of three values, ends half way up."""
    dates = pd.date_range("2000-12-31", periods=8, freq="YE")
    navs = [("doubles", pd.Series(2.0 ** np.arange(8), dates)), ("a", pd.Series([1.0, 1.0, 8.0], dates[:3]))]
    assert terminal_writing.sparklines(navs).splitlines() == [
        "growth of 1, log scale",
        "  doubles  ▁▂▃▄▅▆▇█ 128.00",
        "  a        ▁▁▄ 8.00",
    ]
    ruined = [("lost", pd.Series([1.0, 0.5, 0.0], dates[:3]))]
    assert terminal_writing.sparklines(ruined) == "growth of 1\n  lost  █▅▁ 0.00"
    still = [("still", pd.Series([1.0, 1.0], dates[:2]))]
    assert terminal_writing.sparklines(still).splitlines()[1] == "  still  ▅▅ 1.00"


class Terminal:
    """A stderr that claims to be a terminal, and records what is written."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("slow", [False, True])
def test_progress_bar_appears_only_on_a_terminal_and_after_a_while(monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    """The timer expires at once, or never."""

    class Timer(threading.Thread):
        def __init__(self, _: float, show: Callable[[], None]) -> None:
            super().__init__(target=show if slow else lambda: None)

        def start(self) -> None:
            super().start()
            self.join()

        def cancel(self) -> None:
            pass

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(threading, "Timer", Timer)
    with terminal_writing.progress(["one", "two"]) as step:
        step("two")
    assert ("two" in terminal.written) is slow
