"""Returns that follow from quoted rates and yields."""
