"""Solvers: from a covariance matrix to the weights of a portfolio."""
