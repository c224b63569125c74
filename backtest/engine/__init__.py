"""Simulation: from target weights to a path of NAV and its ledger."""
