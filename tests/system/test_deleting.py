"""A version is deleted at its provider, on a whole system: what the provider refuses, and a power cut in the middle."""

import json
import urllib.request
from typing import Any

import pytest

from tests.fixtures.system import System
from tests.system.test_compiling import taught, until

pytestmark = pytest.mark.slow


@pytest.fixture
def first(system: System) -> Any:
    """Of two versions of Sales the one that answers no more."""
    taught(system)
    system.ask_json("compile", "sales", "--wait")
    [sales] = system.ask_json("models")
    system.send("QAAdded", model="sales", question="On which day?", answer="On Mondays.")
    system.ask_json("compile", "sales", "--wait")
    return sales["active"]


def status(system: System, version: int) -> str:
    """What became of the compilation that made this version."""
    return next(str(one["status"]) for one in system.ask_json("compilations", "sales") if one["version"] == version)


def models(system: System) -> set[str]:
    """What the embedded provider has."""
    with urllib.request.urlopen(f"{system.endpoint['provider']}/models", timeout=10) as reply:
        return {one["id"] for one in json.load(reply)["data"]}


def test_a_version_is_deleted_at_its_provider_and_can_not_answer_again(system: System, first: Any) -> None:
    [sales] = system.ask_json("models")
    second = sales["active"]["compiled_model"]

    system.send("DeletionRequested", "--subject", first["compilation"])
    until(system, "CompiledModelDeleted")

    assert status(system, 1) == "deleted"
    assert models(system) & {first["compiled_model"], second} == {second}
    assert system.ask_json("ask", "sales", "How often should we call?")["version"] == 2
    assert (
        system.cli("send", "VersionChosen", '{"version": 1}', "--subject", "sales", "--json").refused == "version_gone"
    )


def test_what_a_provider_does_not_delete_stays_and_says_why(system: System, first: Any) -> None:
    path = f"/v1/models/{first['compiled_model']}"
    system.fault(path=path, method="DELETE", status=403, body='{"error": {"message": "Not yours"}}')

    system.send("DeletionRequested", "--subject", first["compilation"])
    until(system, "DeletionFailed")

    assert status(system, 1) == "succeeded"
    assert "doesn't allow" in system.cli("compilations", "sales").out
    assert first["compiled_model"] in models(system)
    system.send("DeletionRequested", "--subject", first["compilation"])
    until(system, "CompiledModelDeleted")
    assert first["compiled_model"] not in models(system)


def test_after_a_power_cut_the_deletion_is_gone_on_with(system: System, first: Any) -> None:
    path = f"/v1/models/{first['compiled_model']}"
    system.fault(path=path, method="DELETE", status=None, delay=60.0)
    system.send("DeletionRequested", "--subject", first["compilation"])

    system.kill()
    system.start()
    until(system, "CompiledModelDeleted")

    assert first["compiled_model"] not in models(system)
