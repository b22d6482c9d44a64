"""What lies on a person's desk, when two of their tabs write at once."""

from pathlib import Path
from typing import Any

from sqlalchemy import event

from services.web.database import open_database
from services.web.desk import Desk


def test_a_tab_that_has_read_less_takes_nothing_back_from_one_that_has_read_more_meanwhile(tmp_path: Path) -> None:
    # given two tabs, of which one has read up to 5 and is about to note it
    url = f"sqlite:///{tmp_path}/web.db"
    one, other = open_database(url), open_database(url)

    @event.listens_for(one, "before_cursor_execute")
    def meanwhile(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("INSERT"):
            Desk(other).mark("ada", "sales", 9)

    # when the other has noted 9 before it is done
    Desk(one).mark("ada", "sales", 5)

    # then 9 stays
    assert Desk(one).marks("ada") == {"sales": 9}
    one.dispose()
    other.dispose()
