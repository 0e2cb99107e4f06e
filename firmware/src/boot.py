"""Runs on a board before main.py: collects early, so that a small heap stays in large pieces."""

import gc

gc.threshold(16384)
