"""Tables of one run: calendar, crises, holdings, trades and events."""
