"""Pages, figures and tables from a result. No arithmetic here: numbers come from `analysis`."""
