"""Table of all comparisons with functions of peers, which drives tests and the table in docs/peers.md."""

from support.peers.comparison import IN_DEVELOPMENT, Comparison
from support.peers.covariance_comparisons import COVARIANCES
from support.peers.metric_comparisons import METRICS
from support.peers.statistic_comparisons import AGAINST_A_BENCHMARK, STATISTICS
from support.peers.weight_comparisons import RISKS, WEIGHTS

TABLE: dict[str, tuple[Comparison, ...]] = {
    "Weights": WEIGHTS,
    "Risks": RISKS,
    "Covariances": COVARIANCES,
    "Metrics": METRICS,
    "Metrics against a benchmark": AGAINST_A_BENCHMARK,
    "Series and statistics": STATISTICS,
}
COMPARISONS = tuple(comparison for group in TABLE.values() for comparison in group)
STORED = tuple(sorted({comparison.peer for comparison in COMPARISONS} - IN_DEVELOPMENT))
"""Peers in environments of their own, whose numbers are files."""
