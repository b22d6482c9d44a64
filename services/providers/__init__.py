"""Providers behind one port: where models are built and run; their differences are data."""
