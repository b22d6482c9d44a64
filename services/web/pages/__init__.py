"""The pages, a file for each place: what it asks, what it shows, what can be done there."""
