"""Orders that lead from holdings to the latest targets of a run."""
