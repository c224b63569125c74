"""Python's audit events of this process, among them every change of a file.

A hook cannot be removed, so there is one for all campaigns, and it calls the watchers of the moment.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Watcher = Callable[[str, tuple[Any, ...]], None]

_PATHS = {
    "os.chmod": 1, "os.link": 2, "os.mkdir": 1, "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.symlink": 2,
    "os.truncate": 1, "os.utime": 1,
}  # fmt: skip
"""Events that change files, and how many of their first arguments are paths; `os.replace` is a rename."""

_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_watchers: list[Watcher] = []
_hooked: list[bool] = []


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Call a function with the name and the arguments of each event, just before it happens.

    An error that the function raises stops the event, as an error of the file system would.
    """
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_hook)
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def changed_paths(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the paths that an event changes; none if it changes no file."""
    if event == "open":
        path, _, flags = arguments
        paths = (path,) if isinstance(flags, int) and flags & _TO_WRITE else ()
    else:
        paths = arguments[: _PATHS.get(event, 0)]
    return [os.fsdecode(path) for path in paths if not isinstance(path, int)]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for watcher in tuple(_watchers):
        watcher(event, arguments)
