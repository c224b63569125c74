"""Page of a report as PDF, printed by the browser of this machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from backtest.errors import ReportError

_COMMANDS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chromium-headless-shell",
    "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_HINT = "Hint: install Chromium, Chrome or Edge, or set BROWSER to the path of one, or print the page from any browser."
_PATIENCE = 120.0  # seconds; a page takes about two


def find_browser() -> str:
    """Return the path of a browser that prints pages without a window: `BROWSER`, or Chromium, Chrome or Edge.

    Raises:
        ReportError: no browser is installed, or `BROWSER` is not a program.
    """
    chosen = os.environ.get("BROWSER", "")
    if chosen:
        if found := shutil.which(chosen):
            return found
        raise ReportError(f"--pdf: BROWSER is {chosen!r}, which is not a program. {_HINT}")
    for name in (*_COMMANDS, *_PLACES):
        if found := shutil.which(name):
            return found
    raise ReportError(f"--pdf: no browser that can print was found on this machine. {_HINT}")


def print_page(page: Path) -> Path:
    """Print a page to the file of the same name that ends in `.pdf`, and return its path.

    Raises:
        ReportError: there is no browser, or it fails.
    """
    browser, target = find_browser(), page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={target.absolute()}",
            *(["--no-sandbox"] if _is_root() else []), page.absolute().as_uri(),
        ]  # fmt: skip
        try:
            answer = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise ReportError(f"--pdf: {browser} failed ({problem}). {_HINT}") from problem
    if not target.is_file():
        last = answer.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ReportError(f"--pdf: {browser} wrote no PDF (exit code {answer.returncode}: {last}). {_HINT}")
    return target


def _is_root() -> bool:
    """Return whether the user is root, for whom Chromium does not start with its sandbox."""
    return sys.platform != "win32" and os.geteuid() == 0
