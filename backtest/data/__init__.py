"""Prices and cash: sources, checks, and the aligned `MarketData` that a run reads."""
