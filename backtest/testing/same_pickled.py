"""Rule that every own strategy and estimator follows: other processes can load it."""

import pickle
import sys
from typing import Any

from backtest.errors import BrokenRule


def pickles(checked: Any, *_: Any) -> None:
    """An object equals itself after pickling, as a run in another process needs.

    A class of a notebook, a doctest or a function has no module that another process can import. It is not checked:
    joblib and Dask send the class itself.
    """
    found = type(checked)
    module = sys.modules.get(found.__module__)
    if found.__module__ == "__main__" or getattr(module, found.__qualname__, None) is not found:
        return
    try:
        restored = pickle.loads(pickle.dumps(checked))  # noqa: S301 - the bytes that were written here
    except Exception as problem:
        raise BrokenRule(f"it cannot be pickled, so not run in another process: {problem}") from problem
    if restored != checked:
        raise BrokenRule("an object differs from itself after pickling; expected settings in fields alone")
