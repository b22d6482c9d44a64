"""The `apprentice` command: it finds the running system by endpoint.json and speaks to it over the bus."""
