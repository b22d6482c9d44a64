"""What the rules say about providers and models."""

from datetime import timedelta

import pytest

from contracts.envelope import Envelope
from contracts.facts.model import ActiveVersionChanged
from services.refusals import Refused
from tests.commands.rules.given import NOON, PROVIDER, SALES, Given, compiling, fact, succeeded

ANN = fact("PersonAdded", "ann", name="Ann", roles=["member"])
TOM = fact("PersonAdded", "tom", name="Tom", roles=["trainer"])


def refused(given: Given, when: Envelope) -> str:
    with pytest.raises(Refused) as refusal:
        given.when(when)
    assert refusal.value.message.endswith((".", "?"))
    return refusal.value.code


def test_a_model_is_defined_with_its_folded_names() -> None:
    given = Given(PROVIDER)

    [event] = given.when(fact("ModelDefined", "m", name=" AI  Sales. ", names={"bg": "ПРОДАЖБИ"}, provider="p"))

    assert event.data.name_keys == ("ai sales", "продажби")  # type: ignore[attr-defined]
    assert event.channel == "shared.model.m"


@pytest.mark.parametrize("name", ["Sales", "SALES", " sales ", "Sales.", "Ｓａｌｅｓ"])
def test_two_models_never_have_one_name(name: str) -> None:
    assert refused(Given(PROVIDER, SALES), fact("ModelDefined", name=name)) == "name_taken"


def test_a_name_that_was_given_up_may_be_taken() -> None:
    given = Given(PROVIDER, SALES, fact("ModelRevised", "sales", name="Selling"))

    assert given.then(fact("ModelDefined", "other", name="Sales")) == ["ModelDefined"]
    assert refused(given, fact("ModelRevised", "other", name="selling")) == "name_taken"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (fact("ModelDefined", "sales", name="Other"), "already_exists"),
        (fact("ModelDefined", name="X", parent="nobody"), "unknown_model"),
        (fact("ModelDefined", name="X", provider="nobody"), "unknown_provider"),
        (fact("ModelDefined", name="X", virtual_user="sally"), "virtual_user_taken"),
        (fact("ModelRevised", "nobody", name="X"), "unknown_model"),
        (fact("ModelRevised", "sales", name="Sales"), "nothing_changes"),
        (fact("ModelRevised", "sales", name=None), "malformed"),
        (fact("SystemMessageSet", "sales", system_message=None), "nothing_changes"),
        (fact("ParentAssigned", "sales", parent="sales"), "cycle"),
        (fact("VirtualUserLinked", "sales", virtual_user="sally"), "nothing_changes"),
        (fact("VersionChosen", "sales", version=1), "unknown_version"),
        (fact("ModelRestored", "sales"), "nothing_changes"),
        (fact("ModelDefined", name="X", by="person:ann"), "role_needed"),
        (fact("ModelDefined", name="X", by="person:stranger"), "unknown_person"),
        (fact("ProviderRegistered", name="embedded", provider_kind="embedded", base_model="b"), "name_taken"),
        (fact("ProviderRegistered", name="A", provider_kind="azure", base_model="b", secret="s"), "address_needed"),
        (fact("ProviderRegistered", name="A", provider_kind="openai", base_model="b"), "secret_needed"),
        (fact("ProviderRevised", "p", base_model="b"), "nothing_changes"),
    ],
)
def test_what_is_refused(when: Envelope, code: str) -> None:
    assert refused(Given(PROVIDER, SALES, ANN, TOM), when) == code


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:99999/v1", "has a port that isn't a number between 1 and 65,535"),
        ("http://127.0.0.1:80a/v1", "has a port that isn't a number between 1 and 65,535"),
        ("http://127.0.0.1:0/v1", "has a port that isn't a number between 1 and 65,535"),
        ("http://[::1/v1", "can't be read as an address"),
        ("http://:8080/v1", "names no host"),
    ],
)
def test_an_address_that_nobody_can_call_is_refused(address: str, said: str) -> None:
    new = fact("ProviderRegistered", name="A", provider_kind="openai_compatible", base_model="b", base_url=address)

    for one in (new, fact("ProviderRevised", "p", base_url=address)):
        with pytest.raises(Refused) as refusal:
            Given(PROVIDER).when(one)
        assert refusal.value.code == "malformed"
        assert refusal.value.message == f"The base_url {said}."
        assert refusal.value.fields == {"data.base_url": said}


@pytest.mark.parametrize("address", ["https://a.example/v1", "http://[::1]:8080/v1", "http://a.example:65535"])
def test_an_address_that_can_be_called_is_accepted(address: str) -> None:
    assert Given(PROVIDER).then(fact("ProviderRevised", "p", base_url=address)) == ["ProviderRevised"]


def test_the_hierarchy_never_has_a_cycle() -> None:
    given = Given(
        fact("ModelDefined", "a", name="A"),
        fact("ModelDefined", "b", name="B", parent="a"),
        fact("ModelDefined", "c", name="C", parent="b"),
    )

    assert refused(given, fact("ParentAssigned", "a", parent="c")) == "cycle"
    assert given.then(fact("ParentAssigned", "c", parent=None)) == ["ParentAssigned"]
    assert given.then(fact("ParentAssigned", "a", parent="c")) == ["ParentAssigned"]


def test_a_retired_provider_takes_no_more_models() -> None:
    given = Given(PROVIDER, SALES, fact("ProviderRetired", "p"))

    assert refused(given, fact("ModelDefined", name="X", provider="p")) == "provider_retired"
    assert refused(given, fact("CompileRequested", model="sales")) == "provider_retired"


def test_one_model_is_the_default() -> None:
    given = Given(PROVIDER, SALES, fact("ModelDefined", "m", name="M", default=True))

    given.when(fact("DefaultModelChosen", "sales"))

    assert given.world.rows["default", "model"] == "sales"
    assert refused(given, fact("ModelArchived", "sales")) == "is_default"


def test_an_archived_model_stops_answering_and_learning() -> None:
    given = Given(PROVIDER, SALES, *compiling(), succeeded())

    assert given.then(fact("ModelArchived", "sales")) == ["ModelArchived", "ActiveVersionChanged"]
    assert refused(given, fact("QAAdded", model="sales", question="q", answer="a")) == "model_archived"
    assert refused(given, fact("CompileRequested", model="sales")) == "model_archived"


def test_what_a_personal_model_does_is_private() -> None:
    given = Given(PROVIDER, SALES, fact("ModelRevised", "sales", use="personal"))

    [event] = given.when(fact("QAAdded", model="sales", question="q", answer="a"))

    assert event.channel == "private.qa._"


def test_an_earlier_version_is_rolled_back_to() -> None:
    given = Given(PROVIDER, SALES, *compiling("c1"), succeeded("c1"), *compiling("c2"), succeeded("c2"))

    _, changed = given.when(fact("VersionChosen", "sales", version=1))

    assert isinstance(changed.data, ActiveVersionChanged)
    assert changed.data.new is not None
    assert (changed.data.old, changed.data.new.version, changed.data.reason) == (2, 1, "rolled_back")


def test_a_base_model_that_is_about_to_be_shut_down_is_not_compiled_on_unless_forced() -> None:
    ends = (NOON + timedelta(days=20)).date().isoformat()
    given = Given(PROVIDER, SALES, fact("BaseModelRetirementAnnounced", "p", base_model="b", retires_on=ends))

    assert refused(given, fact("CompileRequested", model="sales")) == "base_model_retires"
    assert given.then(fact("CompileRequested", model="sales", forced=True)) == ["CompileRequested"]


def test_the_last_administrator_stays() -> None:
    given = Given(ANN)

    assert refused(given, fact("PersonRevised", "owner", roles=["trainer"])) == "last_administrator"
    assert refused(given, fact("PersonErased", "owner")) == "last_administrator"
    given.when(fact("PersonRevised", "ann", roles=["administrator"]))
    assert given.then(fact("PersonRevised", "owner", roles=["trainer"])) == ["PersonRevised"]


def test_people_change_their_own_name_but_not_their_roles() -> None:
    given = Given(ANN)

    assert given.then(fact("PersonRevised", "ann", by="person:ann", name="Anna")) == ["PersonRevised"]
    assert refused(given, fact("PersonRevised", "ann", by="person:ann", roles=["administrator"])) == "role_needed"


@pytest.mark.parametrize("field", ["name", "names", "use", "lineage", "held_back_sections", "compiles_itself", "notes"])
def test_a_revision_empties_no_field_that_a_model_needs(field: str) -> None:
    assert refused(Given(PROVIDER, SALES), fact("ModelRevised", "sales", **{field: None})) == "malformed"


def test_a_module_takes_nobodys_role() -> None:
    given = Given(ANN, fact("PersonRevised", "ann", roles=["administrator"]))

    assert refused(given, fact("PersonRevised", "ann", by="module:hr", roles=["member"])) == "role_needed"
    assert refused(given, fact("PersonAdded", name="Eve", by="module:hr", roles=["auditor"])) == "role_needed"
    assert given.then(fact("PersonRevised", "ann", by="module:hr", name="Anna")) == ["PersonRevised"]
