"""Configurations inside of a configuration: benchmarks and sleeves."""
