"""Commands that make and compare many runs."""
