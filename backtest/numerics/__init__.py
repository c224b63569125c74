"""Numerics that every layer uses: tolerances, compiled kernels and BLAS threads."""
