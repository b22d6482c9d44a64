"""What a page knows, and from where on its stream tells the rest."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from contracts.queries import PersonRow
from services.web.house import House
from services.web.sessions import Session
from services.web.visitor import Visitor


class Growing:
    """A house whose log grows with every answer."""

    def __init__(self, head: int) -> None:
        self.bus, self.head = self, head

    async def query(self, name: str, data: Any, **_: Any) -> tuple[int, Any]:
        self.head += 1
        return self.head, name


async def test_a_stream_begins_with_what_came_after_the_oldest_answer_that_its_page_shows() -> None:
    # given somebody who looks at a page while others teach
    ada = PersonRow(id="ada", name="Ada", language="en", roles=[], assistant=None, erased=False, revision=1)
    visitor = Visitor(ada, Session("digest", "ada"), "en", ZoneInfo("UTC"), "", cast("House", Growing(head=4)))

    # when one answer after the other is put on it
    assert [await visitor.ask(one) for one in ("compilation", "model", "groups")] == ["compilation", "model", "groups"]

    # then nothing that came meanwhile is missed
    assert visitor.since == 5
