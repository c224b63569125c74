"""Questions about a run that other runs answer: other dates, other choices, other conventions."""
