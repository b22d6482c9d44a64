"""Fixtures that every test may use, and how tests run."""

import signal

from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.nats",
    "tests.fixtures.system",
    "tests.fixtures.browser",
    "tests.embedded_provider.fixtures",
]

# The same examples in every run: what fails, fails because something was changed. `--hypothesis-profile=default` draws
# others, for whoever looks for faults.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

# A shell that runs the tests in the background lets them ignore Ctrl-C, and with them whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
