"""A version is deleted at its provider, on a whole system: what the provider refuses, and a power cut in the middle."""

import json
import urllib.request
from typing import Any

import pytest

from tests.fixtures.system import System
from tests.system.test_compiling import taught, until

pytestmark = pytest.mark.slow


@pytest.fixture
def two_versions(system: System) -> System:
    """Sales with two versions, of which the second answers."""
    taught(system)
    system.ask_json("compile", "sales", "--wait")
    system.send("QAAdded", model="sales", question="On which day?", answer="On Mondays.")
    system.ask_json("compile", "sales", "--wait")
    return system


def compiled(system: System, version: int) -> Any:
    """The compilation that made this version."""
    return next(one for one in system.ask_json("compilations", "sales") if one["version"] == version)


def models(system: System) -> set[str]:
    """What the embedded provider has."""
    with urllib.request.urlopen(f"{system.endpoint['provider']}/models", timeout=10) as reply:
        return {one["id"] for one in json.load(reply)["data"]}


def test_a_version_is_deleted_at_its_provider_and_can_not_answer_again(two_versions: System) -> None:
    first, second = compiled(two_versions, 1), compiled(two_versions, 2)

    two_versions.send("DeletionRequested", "--subject", first["id"])
    until(two_versions, "CompiledModelDeleted")

    assert compiled(two_versions, 1)["status"] == "deleted"
    assert models(two_versions) & {first["compiled_model"], second["compiled_model"]} == {second["compiled_model"]}
    assert two_versions.ask_json("ask", "sales", "How often should we call?")["version"] == 2
    chosen = two_versions.cli("send", "VersionChosen", '{"version": 1}', "--subject", "sales", "--json")
    assert chosen.refused == "version_gone"


def test_what_a_provider_does_not_delete_stays_and_says_why(two_versions: System) -> None:
    first = compiled(two_versions, 1)
    path = f"/v1/models/{first['compiled_model']}"
    two_versions.fault(path=path, method="DELETE", status=403, body='{"error": {"message": "Not yours"}}')

    two_versions.send("DeletionRequested", "--subject", first["id"])
    until(two_versions, "DeletionFailed")

    problem = compiled(two_versions, 1)["deletion_problem"]
    assert (compiled(two_versions, 1)["status"], problem["code"]) == ("succeeded", "provider_forbidden")
    assert first["compiled_model"] in models(two_versions)
    two_versions.send("DeletionRequested", "--subject", first["id"])
    until(two_versions, "CompiledModelDeleted")
    assert first["compiled_model"] not in models(two_versions)


def test_after_a_power_cut_the_deletion_is_gone_on_with(two_versions: System) -> None:
    first = compiled(two_versions, 1)
    path = f"/v1/models/{first['compiled_model']}"
    two_versions.fault(path=path, method="DELETE", status=None, delay=60.0)
    two_versions.send("DeletionRequested", "--subject", first["id"])

    two_versions.kill()
    two_versions.start()
    until(two_versions, "CompiledModelDeleted")

    assert first["compiled_model"] not in models(two_versions)
