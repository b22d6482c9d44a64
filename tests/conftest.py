"""Fixtures that every test may use."""

import signal

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.nats",
    "tests.fixtures.system",
    "tests.fixtures.browser",
    "tests.embedded_provider.fixtures",
]

# A shell that runs the tests in the background lets them ignore Ctrl-C, and with them whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
