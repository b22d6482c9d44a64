"""Rooms: what readers are sent, what can be sent again, and what is drawn how often."""

import asyncio
from zoneinfo import ZoneInfo

from contracts.queries import MessageRow
from services.web.directory import Named
from services.web.live import frames
from services.web.live.rooms import EMPTY_SECONDS, KEPT, WAITING, Frame, Look, Reader, Room, Rooms
from services.web.pages.searching import excerpt
from services.web.views.mentions import mentions, offered
from services.web.views.quoting import WORDS, quotes
from services.web.views.thread import drawn_message

ENGLISH: Look = ("en", ZoneInfo("UTC"), True)
BULGARIAN: Look = ("bg", ZoneInfo("Europe/Sofia"), False)


def reader(actor: str = "person:ines", look: Look = ENGLISH) -> Reader:
    return Reader(actor, "session", look)


def told(one: Reader) -> list[bytes]:
    """What waits for the reader; None at its end is left out."""
    found = []
    while not one.frames.empty():
        frame = one.frames.get_nowait()
        if frame is not None:
            found.append(frame.drawn(one.look))
    return found


def row(id: str = "m", **given: object) -> MessageRow:
    blank = {
        "id": id, "group": "g", "position": 7, "time": "2026-11-25T10:00:00+00:00", "author": "person:ines",
        "text": "Hello", "reply_to": None, "deleted": False, "edited": False,
    }  # fmt: skip
    return MessageRow.model_validate(blank | given)


def test_a_frame_is_drawn_once_per_look_and_not_per_reader() -> None:
    drawn: list[Look] = []

    def draw(look: Look) -> bytes:
        drawn.append(look)
        return look[0].encode()

    room = Room(0)
    fifty = [reader() for _ in range(50)]
    others = [reader(look=BULGARIAN) for _ in range(3)]
    room.readers |= {*fifty, *others}

    room.publish(Frame(1, draw))

    assert [told(one) for one in fifty] == [[b"en"]] * 50
    assert [told(one) for one in others] == [[b"bg"]] * 3
    assert drawn == [ENGLISH, BULGARIAN]


def test_what_came_after_a_position_is_told_again() -> None:
    room = Room(10)
    for position in (11, 12, 15):
        room.publish(frames.hint("message", position))

    assert [frame.position for frame in room.after(11) or []] == [12, 15]
    assert room.after(15) == []
    assert room.after(9) is None


def test_what_fell_out_of_the_room_can_not_be_told_again() -> None:
    room = Room(0)
    for position in range(1, KEPT + 3):
        room.publish(frames.hint("message", position))

    assert room.after(1) is None
    assert [frame.position for frame in room.after(2) or []] == list(range(3, KEPT + 3))


def test_what_has_no_position_is_not_told_again() -> None:
    room = Room(0)
    room.publish(Frame(0, lambda _: b"grows"))

    assert room.after(0) == []


def test_a_reader_who_is_too_far_behind_begins_anew_and_the_others_go_on() -> None:
    room, slow, quick = Room(0), reader(), reader()
    room.readers |= {slow, quick}
    for position in range(1, WAITING + 2):
        room.publish(frames.hint("message", position))
        told(quick)

    assert slow.frames.qsize() == 1
    assert slow.frames.get_nowait() is None
    room.publish(frames.hint("message", WAITING + 2))
    assert len(told(quick)) == 1


def test_who_writes_is_not_told_to_the_writer() -> None:
    room, writer, other = Room(0), reader("person:mara"), reader("person:ines")
    room.readers |= {writer, other}

    room.publish(Frame(0, lambda _: b"Mara is writing"), but="person:mara")

    assert told(writer) == []
    assert told(other) == [b"Mara is writing"]


def test_a_room_that_everybody_left_keeps_what_happens_for_those_who_come_back() -> None:
    async def scene() -> list[int]:
        rooms = Rooms()
        rooms.begin(5)
        someone = reader()
        rooms.enter("group:g", someone)
        rooms.leave("group:g", someone)
        room = rooms.open("group:g")
        room.publish(frames.hint("message", 6))
        return [frame.position for frame in rooms.enter("group:g", reader()).after(5) or []]

    assert asyncio.run(scene()) == [6]


def test_hostile_messages_and_names_stand_as_text() -> None:
    evil = (
        "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](x) <a href='x' onclick=z>"
    )
    everybody = {"person:ines": Named("person:ines", '"><svg onload=alert(1)>')}
    message = row(text=evil, reactions=[{"reaction": "'\"<b>x", "by": ["person:ines"]}])

    drawn = drawn_message(message, {}, everybody, ENGLISH)

    for tag in ("<script", "<img", "<svg onload", "<b>x", 'href="javascript', "<a href='x'"):
        assert tag not in drawn, tag
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn
    assert "&lt;svg onload=alert(1)&gt;" in drawn


def test_a_reply_quotes_who_and_the_first_words_without_signs() -> None:
    asked: list[str] = []

    async def ask(id: str) -> MessageRow:
        asked.append(id)
        return row(id, text="**Bold** words " * 40)

    rows = [row("a", text="first"), row("b", reply_to="a"), row("c", reply_to="elsewhere")]
    found = asyncio.run(quotes(rows, ask))

    assert asked == ["elsewhere"]
    assert found["a"].words == "first"
    assert found["elsewhere"].words.startswith("Bold words Bold words")
    assert len(found["elsewhere"].words) <= WORDS + 1


def test_of_names_that_begin_alike_the_longest_is_meant() -> None:
    ann, anna = Named("person:ann", "Ann"), Named("person:anna", "Ann Anderson")

    assert mentions("hello @Ann Anderson!", [ann, anna]) == ("person:anna",)
    assert mentions("hello @ann, and @ANN ANDERSON", [ann, anna]) == ("person:anna", "person:ann")
    assert mentions("mail ann@Ann.example", [ann, anna]) == ()


def test_assistants_are_offered_first_and_strangers_last() -> None:
    bot = Named("virtual_user:m", "AI Marketing", model="m")
    everybody = [Named("person:max", "Max"), bot, Named("person:mia", "Mia"), Named("person:gone", "Moe", joins=False)]

    found = offered("m", everybody, ["person:mia", "virtual_user:m"], "en")

    assert [one.member for one in found] == ["virtual_user:m", "person:mia", "person:max"]


def test_what_was_found_is_marked_and_stays_text() -> None:
    assert excerpt("We *post* on <b>Tuesday</b>, POST again", "post") == (
        "We <mark>post</mark> on &lt;b&gt;Tuesday&lt;/b&gt;, <mark>POST</mark> again"
    )


def test_a_thousand_pages_that_come_and_go_leave_nothing_behind() -> None:
    async def scene() -> tuple[dict[str, int], dict[str, int]]:
        rooms = Rooms()
        for number in range(1_000):
            someone = reader(f"person:{number}")
            rooms.hall.readers.add(someone)
            rooms.enter(f"group:{number % 7}", someone)
            rooms.hall.readers.discard(someone)
            rooms.leave(f"group:{number % 7}", someone)
        lately = rooms.figures()
        for number in range(7):
            room = rooms.room(f"group:{number}")
            assert room is not None
            assert room.left_at is not None
            room.left_at -= EMPTY_SECONDS + 1
        rooms.open("group:another")
        return lately, rooms.figures()

    lately, later = asyncio.run(scene())

    assert lately == {"apprentice_web_position": 0, "apprentice_web_readers": 0, "apprentice_web_rooms": 7}
    assert later == {"apprentice_web_position": 0, "apprentice_web_readers": 0, "apprentice_web_rooms": 1}
