"""Whole systems, as people run them."""
