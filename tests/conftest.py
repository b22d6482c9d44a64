"""Fixtures that every test may use, and how tests run."""

import signal

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.nats",
    "tests.fixtures.system",
    "tests.fixtures.browser",
    "tests.embedded_provider.fixtures",
]

# The same examples in every run, however busy the machine: what fails, fails because something was changed.
# `--hypothesis-profile=default` draws others, for whoever looks for faults.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")

# A shell that runs the tests in the background lets them ignore Ctrl-C, and with them whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How to look for tests, and pages, that depend on who is first."""
    parser.addoption(
        "--slow-pages",
        action="store_true",
        help="browsers run scripts at a quarter of their speed, and every reply comes late",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: two who share the files then end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
