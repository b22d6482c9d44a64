"""Files of lessons on their way in, without pages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.bus.client import Bus
from services.refusals import Refused
from services.settings import Login
from services.web.bringing import Imports


async def test_of_two_files_that_come_at_once_the_second_is_refused_and_not_kept(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    # given somebody who has sent two files at once, both of which have come
    web = await Bus.connect(bus_login("web"), name="web")
    imports = Imports(web, tmp_path)
    first, second = imports.place(), imports.place()
    for path in (first, second):
        path.write_text('{"question": "When do we open?", "answer": "At nine."}\n', encoding="utf-8")

    # when the first is being tried
    imports.bring("person:ada", "sales", "lessons.jsonl", first)
    with pytest.raises(Refused, match="still on its way"):
        imports.bring("person:ada", "sales", "lessons.jsonl", second)

    # then only the first lies there
    assert first.exists()
    assert not second.exists()
    await imports.close()
    await web.close()
