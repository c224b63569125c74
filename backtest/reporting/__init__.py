"""Pages, figures and files of a result. There is no arithmetic here: numbers come from `analysis`."""
