"""`Comparison`: one number or array that another package computes too, and its convention."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np

from backtest.numerics.arrays import Floats
from support.peers.peer_inputs import PeerInput, peer_input

NUMBERS = Path(__file__).parents[2] / "against_peers" / "peer_numbers"
IN_DEVELOPMENT = frozenset({"arch", "pandas", "scikit-learn", "scipy", "skfolio", "statsmodels"})
"""Peers in the development environment. Tests call them; the numbers of the others are in `NUMBERS`."""
SAME = "the same"
SUMS = "sums are taken in another order"


@dataclass(frozen=True)
class Comparison:
    """A function of a peer, and this project's number by its convention.

    Args:
        quantity: name of the quantity, as a user says it.
        ours: name of this project's function, metric or estimator.
        peer: distribution that has the function.
        function: its name, from the package on.
        theirs: the peer's output, given the function and an input.
        translated: this project's output for the same input, in the peer's convention.
        convention: difference of the peer's convention, which `translated` takes into account.
        tolerance: largest difference, as a fraction of the peer's largest number.
        reason: reason for the tolerance.
        inputs: names of the inputs; all by default.
    """

    quantity: str
    ours: str
    peer: str
    function: str
    theirs: Callable[[Any, PeerInput], Any]
    translated: Callable[[PeerInput], Any]
    convention: str = SAME
    tolerance: float = 1e-12
    reason: str = SUMS
    inputs: Sequence[str] = ("two_days", "five_days", "three_months", "eight_months", "real_days", "real_months")

    @property
    def name(self) -> str:
        """Name of the comparison, unique in the table."""
        return f"{self.quantity}: {self.function}"

    def computed(self, name: str) -> Floats:
        """Return the peer's output for an input, flat, by calling the peer."""
        return _flat(self.theirs(resolve_name(self.function), peer_input(name)))

    def expected(self, name: str) -> Floats:
        """Return the peer's output for an input, flat: from the peer, or from the file of its numbers."""
        if self.peer in IN_DEVELOPMENT:
            return self.computed(name)
        return np.array(numbers_of(self.peer)["numbers"][self.name][name])

    def difference(self, name: str) -> float:
        """Return the largest difference for an input, as a fraction of the peer's largest number."""
        theirs, ours = self.expected(name), _flat(self.translated(peer_input(name)))
        assert theirs.shape == ours.shape
        return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@cache
def numbers_of(peer: str) -> dict[str, Any]:
    """Return the versions and the stored numbers of a peer."""
    content: dict[str, Any] = json.loads((NUMBERS / f"{peer}.json").read_text(encoding="utf-8"))
    return content


def _flat(values: Any) -> Floats:
    return np.ravel(np.asarray(values, np.float64))
