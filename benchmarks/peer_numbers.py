"""Numbers of peers that are not in the development environment, as files for tests/against_peers/test_peer_numbers.py.

    make paths      # in an environment of their own

    PYTHONPATH=.:tests python benchmarks/peer_numbers.py [PEER...]

calls each function of the table in `tests/support/peers` with each of its inputs, and writes one file per PEER (all by
default) with the versions and the numbers. The same versions write the same files.
"""

import json
import platform
import sys
from functools import partial
from importlib.metadata import version
from typing import Any

from benchmarks.peer_runs import quietly
from support.peers.comparison import NUMBERS, Comparison
from support.peers.peer_table import COMPARISONS, STORED


def main() -> None:
    """Write the files of the peers named."""
    for peer in sys.argv[1:] or STORED:
        numbers = {each.name: quietly(partial(outputs, each)) for each in COMPARISONS if each.peer == peer}
        versions = {"python": ".".join(platform.python_version_tuple()[:2])}
        versions |= {name: version(name) for name in (peer, "numpy", "pandas")}
        (NUMBERS / f"{peer}.json").write_text(layout({"versions": versions, "numbers": numbers}), encoding="utf-8")


def outputs(comparison: Comparison) -> dict[str, list[float]]:
    """Return the peer's output for each input."""
    return {name: comparison.computed(name).tolist() for name in comparison.inputs}


def layout(content: dict[str, Any]) -> str:
    """Return JSON with one line for the output of each input."""
    text = json.dumps(content, indent=1)
    head, *lines = text.split("[")
    for line in lines:
        values, bracket, rest = line.partition("]")
        head += "[" + " ".join(values.split()) + bracket + rest
    return head + "\n"


if __name__ == "__main__":
    main()
