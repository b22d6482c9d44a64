"""Fixtures that every test may use."""

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.nats",
    "tests.fixtures.system",
    "tests.fixtures.browser",
    "tests.embedded_provider.fixtures",
]
