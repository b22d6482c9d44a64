"""Commands: the one writer of the log."""
