"""Tables of one result: calendar, crises, holdings, trades and events."""
