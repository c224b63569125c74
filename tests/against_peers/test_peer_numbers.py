"""Weights, covariances, metrics and statistics equal the numbers of peers, each by the convention of the peer.

The table of comparisons is in `tests/support/peers`, and docs/peers.md shows it. Inputs are random returns from a seed
and runs of shipped configurations. The tests call the peers of the development environment; `make paths` stores the
numbers of the other peers.
"""

from collections import Counter

import pytest

from scripts.peers_table import PAGE, refresh_peers
from support.peers.comparison import NUMBERS, SAME, Comparison, numbers_of
from support.peers.peer_table import COMPARISONS, STORED


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.name)
def test_numbers_equal_the_peers(comparison: Comparison) -> None:
    """Tolerances and their reasons are in the table; `nan` on either side is a difference."""
    differences = {name: comparison.difference(name) for name in comparison.inputs}
    assert all(difference <= comparison.tolerance for difference in differences.values()), differences


@pytest.mark.parametrize("peer", STORED)
def test_stored_numbers_match_the_table(peer: str) -> None:
    """No number is missing, and none is stored without a comparison; `make paths` writes them again."""
    expected = {each.name: [*each.inputs] for each in COMPARISONS if each.peer == peer}
    assert {name: [*outputs] for name, outputs in numbers_of(peer)["numbers"].items()} == expected
    assert {path.stem for path in NUMBERS.iterdir()} == set(STORED)


def test_comparisons_have_unique_names_and_real_inputs() -> None:
    """If conventions are the same, real inputs are among the inputs."""
    assert max(Counter(each.name for each in COMPARISONS).values()) == 1
    assert all(any(name.startswith("real") for name in each.inputs) for each in COMPARISONS if each.convention == SAME)


def test_the_page_shows_the_table() -> None:
    """Run `python scripts/build_docs.py` if it does not."""
    page = PAGE.read_text(encoding="utf-8")
    assert refresh_peers(page) == page
