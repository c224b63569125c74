"""Search for the break-even spread."""
