"""The tables of the two read models. `valid_from` and `valid_to` are positions: a row holds from the one up to the other."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    literal_column,
    text,
)

FOREVER: Final = 2**62
"""`valid_to` of a row that holds still."""

CEASED: Final = text(f"valid_to < {FOREVER}")
"""Spelt as a literal: a partial index is used only by a query that says the very same."""

PERSONAL: Final[ColumnElement[bool]] = literal_column("personal <> ''", Boolean)
"""Lessons whose text looks as if it held personal data, and for which nobody has said that it may be trained."""

UNSET, HELD_BACK, SHARED = 0, 1, 2
"""`held_back`: as the model says; never for relatives; always for relatives."""

training = MetaData()
chat = MetaData()


def _meta(metadata: MetaData) -> Table:
    return Table(
        "meta", metadata,
        Column("log_id", Text, primary_key=True), Column("position", BigInteger, nullable=False),
        Column("complete", Boolean, nullable=False),
    )  # fmt: skip


training_meta: Final = _meta(training)
chat_meta: Final = _meta(chat)

provider: Final = Table(
    "provider", training,
    Column("id", Text, primary_key=True), Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)  # fmt: skip

model: Final = Table(
    "model", training,
    Column("id", Text, primary_key=True), Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("parent", Text), Column("archived", Boolean, nullable=False),
    Column("descendants", Text, nullable=False), Column("ancestors", Text, nullable=False),
    Column("personal", Boolean, nullable=False), Column("held_back", Text, nullable=False),
    Column("document", Text, nullable=False),
)  # fmt: skip

lesson: Final = Table(
    "lesson", training,
    Column("id", Text, primary_key=True), Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("model", Text, nullable=False), Column("kind", Text, nullable=False),
    Column("trains", Boolean, nullable=False), Column("erased", Boolean, nullable=False),
    Column("first_position", BigInteger), Column("position", BigInteger, nullable=False),
    Column("question_key", Text, nullable=False), Column("answer_key", Text, nullable=False),
    Column("section_key", Text, nullable=False), Column("held_back", SmallInteger, nullable=False),
    Column("personal", Text, nullable=False),
    Column("body", BigInteger, nullable=False), Column("attributes", Text, nullable=False),
    # What a table of lessons is filtered and sorted by. `taught`: the position at which the lesson was added.
    Column("taught", BigInteger, nullable=False), Column("teacher", Text, nullable=False),
    Column("asked", Text, nullable=False), Column("active", Boolean, nullable=False),
    Column("purpose", Text, nullable=False),
    # The training set reads this index alone: texts are fetched by primary key, a page at a time.
    Index("lesson_training", "model", "trains", "first_position", "valid_from", "valid_to", "kind", "erased",
          "question_key", "body", "held_back", "section_key"),
    # The table of lessons likewise: it pages, filters, sorts and counts in this index.
    Index("lesson_table", "model", "taught", "valid_from", "valid_to", "kind", "purpose", "active", "trains", "erased",
          "held_back", "personal", "section_key", "teacher", "asked", "body"),
    Index("lesson_question", "question_key"),
    Index("lesson_begun", "valid_from"),
    # Partial: an index over all open rows would tempt SQLite to read them all instead of looking up a few ids.
    Index("lesson_ceased", "valid_to", sqlite_where=CEASED, postgresql_where=CEASED),
    Index("lesson_personal", "model", "valid_to", sqlite_where=PERSONAL, postgresql_where=PERSONAL),
)  # fmt: skip

body: Final = Table(
    "body", training,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("lesson", Text, nullable=False), Column("kind", Text, nullable=False),
    Column("document", Text, nullable=False),
)  # fmt: skip

wording: Final = Table(
    "wording", training,
    # Apart from `body`, so that looking for words reads them alone.
    Column("body", BigInteger, primary_key=True, autoincrement=False), Column("folded", Text, nullable=False),
)  # fmt: skip

erasure: Final = Table(
    "erasure", training,
    Column("position", BigInteger, primary_key=True, autoincrement=False), Column("person", Text, nullable=False),
)  # fmt: skip

authorship: Final = Table(
    "authorship", training,
    Column("person", Text, primary_key=True), Column("lesson", Text, primary_key=True),
)  # fmt: skip

taught: Final = Table(
    "taught", training,
    Column("message", Text, primary_key=True), Column("record", Text, primary_key=True),
    Index("taught_record", "record"),
)  # fmt: skip
"""From which chat messages a lesson, or a proposal of one, was made. An approved proposal is the lesson of the same id."""

settlement: Final = Table(
    "settlement", training,
    Column("training_set", Text, primary_key=True), Column("question_key", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False), Column("winner", Text, nullable=False),
)  # fmt: skip

distinguished: Final = Table(
    "distinguished", training,
    Column("one", Text, primary_key=True), Column("other", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
)  # fmt: skip

proposal: Final = Table(
    "proposal", training,
    Column("id", Text, primary_key=True), Column("model", Text, nullable=False), Column("status", Text, nullable=False),
    Column("proposer", Text, nullable=False), Column("position", BigInteger, nullable=False),
    Column("lesson", Text), Column("document", Text, nullable=False),
    Index("proposal_status", "status", "position"), Index("proposal_proposer", "proposer", "position"),
)  # fmt: skip

module: Final = Table(
    "module", training, Column("id", Text, primary_key=True), Column("document", Text, nullable=False)
)

imported: Final = Table(
    "imported", training,
    Column("import_id", Text, primary_key=True), Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("lesson", Text, nullable=False), Column("fact", Text, nullable=False), Column("kind", Text, nullable=False),
    Column("undoes", Boolean, nullable=False), Column("record", Text),
    Index("imported_lesson", "lesson", "import_id", "position"), Index("imported_record", "record"),
)  # fmt: skip

watch: Final = Table(
    "watch", training,
    Column("person", Text, primary_key=True), Column("model", Text, primary_key=True),
)  # fmt: skip

learnt: Final = Table(
    "learnt", training,
    Column("lesson", Text, primary_key=True), Column("model", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
)  # fmt: skip
"""The lessons that an active version has learnt: whose first, and when."""

notice: Final = Table(
    "notice", training,
    Column("recipient", Text, primary_key=True), Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
)  # fmt: skip

notices_read: Final = Table(
    "notices_read", training, Column("person", Text, primary_key=True), Column("upto", BigInteger, nullable=False)
)

compilation: Final = Table(
    "compilation", training,
    Column("id", Text, primary_key=True), Column("model", Text, nullable=False),
    Column("requested_position", BigInteger, nullable=False), Column("status", Text, nullable=False),
    Column("version", Integer), Column("deleting", Boolean, nullable=False), Column("document", Text, nullable=False),
    Index("compilation_model", "model", "requested_position"), Index("compilation_status", "status"),
    Index("compilation_deleting", "deleting"),
)  # fmt: skip

history: Final = Table(
    "history", training,
    Column("position", BigInteger, primary_key=True, autoincrement=False), Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Index("history_model", "model", "position"),
)  # fmt: skip

person: Final = Table("person", chat, Column("id", Text, primary_key=True), Column("document", Text, nullable=False))

group: Final = Table("chat_group", chat, Column("id", Text, primary_key=True), Column("document", Text, nullable=False))

assistant: Final = Table(
    "assistant", chat,
    Column("model", Text, primary_key=True), Column("virtual_user", Text), Column("document", Text, nullable=False),
)  # fmt: skip

message: Final = Table(
    "message", chat,
    Column("id", Text, primary_key=True), Column("chat_group", Text, nullable=False),
    Column("position", BigInteger, nullable=False), Column("author", Text, nullable=False),
    Column("holder", Text, nullable=False), Column("open", Boolean, nullable=False),
    Column("folded", Text, nullable=False), Column("document", Text, nullable=False),
    Index("message_group", "chat_group", "position"), Index("message_holder", "holder"),
    Index("message_open", "open", "position"),
)  # fmt: skip

thread_notice: Final = Table(
    "thread_notice", chat,
    Column("chat_group", Text, primary_key=True), Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
)  # fmt: skip
