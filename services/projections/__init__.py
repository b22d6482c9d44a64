"""Projections: read the log, keep the read models, answer every query."""
