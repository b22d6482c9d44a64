"""Importing lessons from a file: rows reported in their order, known again, and taken back as a whole."""
