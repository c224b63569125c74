"""Settings of the engine: trading costs, financing, rebalance schedule."""
