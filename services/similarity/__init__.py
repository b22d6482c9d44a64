"""Pure text matching: which known question does this one resemble, and how much."""
