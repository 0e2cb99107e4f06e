"""Compiled loops: arrays in, arrays out; the only numba."""
