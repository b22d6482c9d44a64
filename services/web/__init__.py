"""The web: so far whether it lives and serves."""
