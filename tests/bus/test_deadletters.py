"""What could not be read is kept, with the reason."""

from collections.abc import Callable

from services.bus.client import Bus
from services.bus.deadletters import REASON, bury
from services.bus.jetstream import look_up
from services.settings import Login


async def test_what_could_not_be_read_is_kept_as_it_came(bus_login: Callable[[str], Login]) -> None:
    # given
    commands = await Bus.connect(bus_login("commands"), name="commands")
    owner = await Bus.connect(bus_login("owner"), name="owner")

    # when
    await bury(commands, module="crm", fact="QAAdded", body=b"\x00{not json", reason="The fact isn't JSON:\r\nline 1.")

    # then
    letter = await look_up(owner, "DLQ", {"last_by_subj": "dlq.crm.>"})
    assert letter.subject == "dlq.crm.QAAdded"
    assert letter.data == b"\x00{not json"
    assert letter.headers[REASON] == "The fact isn't JSON: line 1."
    await commands.close()
    await owner.close()


async def test_a_name_that_no_subject_can_have_is_kept_too(bus_login: Callable[[str], Login]) -> None:
    commands = await Bus.connect(bus_login("commands"), name="commands")
    owner = await Bus.connect(bus_login("owner"), name="owner")

    await bury(commands, module="crm", fact="No such > fact.", body=b"{}", reason="unknown")

    letter = await look_up(owner, "DLQ", {"last_by_subj": ">"})
    assert letter.subject == "dlq.crm.No_such___fact_"
    await commands.close()
    await owner.close()
