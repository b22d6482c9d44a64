"""Live pages: what happens in the log and on the bus reaches every open page, rendered once for all who see it."""
