"""The step that owns JetStream's streams and consumers."""

from collections.abc import Callable

import pytest
from nats.js.errors import APIError

from services.bus.client import Bus
from services.bus.jetstream import ask, stored
from services.bus.provisioning import STREAMS, ProvisioningRefused, provision
from services.bus.server import EmbeddedServer
from services.settings import Login

BusLogin = Callable[[str], Login]
PATIENCE = 40.0
"""Seconds; what isn't acknowledged within half of them is sent again, and counts again."""


@pytest.fixture
def provisioning(nats: EmbeddedServer) -> Login:
    return nats.logins["provisioning"]


async def test_provisioning_again_changes_nothing(provisioning: Login) -> None:
    bus = await Bus.connect(provisioning, name="test")
    before = {name: (await ask(bus, f"STREAM.INFO.{name}"))["config"] for name in STREAMS}

    await provision(provisioning)

    assert {name: (await ask(bus, f"STREAM.INFO.{name}"))["config"] for name in STREAMS} == before
    assert all(before[name][key] == value for name, wanted in STREAMS.items() for key, value in wanted.items())
    await bus.close()


async def test_what_was_changed_by_hand_is_set_right_and_the_operators_settings_stay(provisioning: Login) -> None:
    # given
    bus = await Bus.connect(provisioning, name="test")
    config = (await ask(bus, "STREAM.INFO.OUT"))["config"]
    await ask(bus, "STREAM.UPDATE.OUT", config | {"max_age": 0, "max_bytes": 1_000_000})

    # when
    await provision(provisioning)

    # then
    after = (await ask(bus, "STREAM.INFO.OUT"))["config"]
    assert after["max_age"] == STREAMS["OUT"]["max_age"]
    assert after["max_bytes"] == 1_000_000
    await bus.close()


async def test_a_stream_that_is_not_ours_is_left_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    # given
    server = EmbeddedServer.start(tmp_path_factory.mktemp("foreign"))
    bus = await Bus.connect(server.logins["provisioning"], name="test")
    await ask(bus, "STREAM.CREATE.EV", {"name": "EV", "subjects": ["events.*"]})

    # when
    with pytest.raises(ProvisioningRefused, match="EV has subjects"):
        await provision(server.logins["provisioning"])

    # then
    assert (await ask(bus, "STREAM.INFO.EV"))["config"]["subjects"] == ["events.*"]
    await bus.close()
    server.stop()


async def test_an_overlapping_stream_is_a_sentence(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedServer.start(tmp_path_factory.mktemp("overlapping"))
    bus = await Bus.connect(server.logins["provisioning"], name="test")
    await ask(bus, "STREAM.CREATE.OTHER", {"name": "OTHER", "subjects": ["out.crm.>"]})

    with pytest.raises(ProvisioningRefused, match="JetStream doesn't take the settings of OUT: subjects overlap"):
        await provision(server.logins["provisioning"])

    await bus.close()
    server.stop()


async def test_events_can_be_neither_deleted_nor_purged(nats: EmbeddedServer, bus_login: BusLogin) -> None:
    commands = await Bus.connect(bus_login("commands"), name="commands")
    await stored(commands, "ev.shared.model.m1.ModelDefined", b"{}", {})
    provisioning = await Bus.connect(nats.logins["provisioning"], name="test")

    config = (await ask(provisioning, "STREAM.INFO.EV"))["config"]
    with pytest.raises(APIError):
        await ask(provisioning, "STREAM.UPDATE.EV", config | {"deny_purge": False})

    await commands.close()
    await provisioning.close()


async def test_a_flooding_module_meets_its_own_limit(nats: EmbeddedServer, bus_login: BusLogin) -> None:
    # given
    provisioning = await Bus.connect(nats.logins["provisioning"], name="test")
    config = (await ask(provisioning, "STREAM.INFO.INBOX"))["config"]
    await ask(provisioning, "STREAM.UPDATE.INBOX", config | {"max_msgs_per_subject": 2})
    crm, erp = [await Bus.connect(bus_login(name), name=name) for name in ("crm", "erp")]

    # when
    for _ in range(2):
        await stored(crm, "inbox.crm.QAAdded", b"{}", {}, PATIENCE)
    with pytest.raises(APIError, match="maximum messages per subject"):
        await stored(crm, "inbox.crm.QAAdded", b"{}", {}, PATIENCE)

    # then
    assert await stored(erp, "inbox.erp.QAAdded", b"{}", {}, PATIENCE) == 3
    for bus in (provisioning, crm, erp):
        await bus.close()
