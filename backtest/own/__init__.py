"""Users' own classes: how they are found."""
