"""Measurements: each figure beside its limit in the same run. `make bench` prints them and writes bench.json."""
