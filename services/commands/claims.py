"""The unique rows that an event takes or gives up: a pure function of the log, in its order.

| table | key | value |
| --- | --- | --- |
| `provider_name`, `model_name` | folded name | id |
| `virtual_user` | virtual user | model |
| `default` | `model` | model |
| `parent` | model | parent |
| `running` | model | compilation |
| `queued` | model | compilations, comma-separated, in order |
| `versions` | model | highest version number |
| `version` | `<model>/<number>` | compilation |
| `external` | a record's key: system and id | lesson |
| `proposed` | `external/<record's key>` or `changes/<lesson>/<proposer>` | proposal that the same again replaces |
| `models_of` | provider | models, comma-separated, sorted |
| `administrators` | `all` | person ids, comma-separated, sorted |
| `schema` | fact | the highest schema number in the log, so that older code refuses to start |
| `direct` | both members, comma-separated, sorted | their direct chat |
| `answered` | `<question>/<virtual user>` | answer |
| `assistants` | personal or not: model | person ids whose own assistant it is, comma-separated, sorted |
| `private` | model | `yes`: it has learnt something while it was personal |
| `login` | the keyed digest of an id or a login | person ids, comma-separated, sorted: one, but for logs that are older than the rule |
| `kept` | `logins` | `yes`: the rows of logins are kept since the log began, or were made from it later |
| `erased` | person | `yes`: their key is destroyed again at every start |
"""

from collections.abc import Iterable

from contracts.facts import Fact
from contracts.facts.compilation import (
    CompilationCancelled,
    CompilationDequeued,
    CompilationFailed,
    CompilationSucceeded,
    CompilationUnchanged,
    CompileRequested,
)
from contracts.facts.conversation import ConversationTrained
from contracts.facts.group import GroupArchived, GroupCreated
from contracts.facts.message import AnswerPosted
from contracts.facts.model import DefaultModelChosen, ModelDefined, ModelRevised, ParentAssigned, VirtualUserLinked
from contracts.facts.person import PersonAdded, PersonErased, PersonRevised
from contracts.facts.proposal import LessonApproved, LessonProposed
from contracts.facts.provider import ProviderRegistered, ProviderRevised
from contracts.facts.qa import QAAdded, QAMoved
from services.commands.decide.event import Event
from services.commands.decide.logins import login_key
from services.commands.decide.private import direct_key
from services.commands.decide.proposal import key_of
from services.commands.states.proposal import content_of
from services.commands.world import World
from services.folding import keys_of, record_key

Claims = dict[tuple[str, str], str | None]


def claims(world: World, event: Event) -> Claims:
    """Rows taken (a value) or given up (None); `world` is as it was before the event."""
    return _of_schema(world, event.data) | _of_record(world, event)


def _of_schema(world: World, data: Fact) -> Claims:
    name, known = type(data).__name__, int(world.unique("schema", type(data).__name__) or 0)
    return {("schema", name): str(data.schema_number)} if data.schema_number > known else {}


def _of_record(world: World, event: Event) -> Claims:
    match event.kind:
        case "model":
            return _of_model(world, event.subject, event.data)
        case "provider":
            return _of_provider(world, event.subject, event.data)
        case "compilation":
            return _of_compilation(world, event.subject, event.data)
        case "person":
            return _of_person(world, event.subject, event.data)
        case "qa" | "conversation":
            return _of_lesson(world, event.subject, event.data)
        case "proposal":
            return _of_proposal(world, event.subject, event.data)
        case "group":
            return _of_group(world, event.subject, event.data)
        case "message":
            return _of_message(event.subject, event.data)
        case _:
            return {}


def _of_model(world: World, id: str, data: Fact) -> Claims:
    match data:
        case ModelDefined():
            rows: Claims = {("model_name", key): id for key in data.name_keys}
            rows |= {("parent", id): data.parent} if data.parent else {}
            rows |= {("virtual_user", data.virtual_user): id} if data.virtual_user else {}
            rows |= _at_provider(world, id, None, data.provider)
            return rows | ({("default", "model"): id} if data.default else {})
        case ModelRevised(name_keys=keys):
            before = world.model(id)
            assert before is not None
            moved = _at_provider(world, id, before.provider, data.changes().get("provider", before.provider))
            named = keys_of(before.name, before.names.values())
            return moved | (_exchange("model_name", named, keys, id) if keys is not None else {})
        case ParentAssigned():
            return {("parent", id): data.parent}
        case VirtualUserLinked():
            before = world.model(id)
            given_up: Claims = {("virtual_user", before.virtual_user): None} if before and before.virtual_user else {}
            return given_up | ({("virtual_user", data.virtual_user): id} if data.virtual_user else {})
        case DefaultModelChosen():
            return {("default", "model"): id}
        case _:
            return {}


def _at_provider(world: World, id: str, before: str | None, now: str | None) -> Claims:
    return _listed(world, "models_of", id, before, now)


def _listed(world: World, table: str, id: str, before: str | None, now: str | None) -> Claims:
    """The id leaves the list that stands under `before` and joins the one under `now`."""
    rows: Claims = {}
    if before != now:
        if before is not None:
            left = [one for one in (world.unique(table, before) or "").split(",") if one not in ("", id)]
            rows[table, before] = ",".join(left) or None
        if now is not None:
            here = {one for one in (world.unique(table, now) or "").split(",") if one} | {id}
            rows[table, now] = ",".join(sorted(here))
    return rows


def _of_proposal(world: World, id: str, data: Fact) -> Claims:
    if isinstance(data, LessonProposed):
        key = key_of(data.proposer or "", content_of(data)[0], data.lesson)
        return {("proposed", key): id} if key is not None else {}
    before = world.proposal(id)
    assert before is not None
    key = key_of(before.proposer, before.content, before.lesson)
    # A declined record stays known, so that its module can't propose the very same again and again.
    gone = isinstance(data, LessonApproved) or before.lesson is not None
    return {("proposed", key): None} if key is not None and gone else {}


def _of_provider(world: World, id: str, data: Fact) -> Claims:
    if isinstance(data, ProviderRegistered):
        return {("provider_name", key): id for key in keys_of(data.name, data.names.values())}
    before = world.provider(id)
    if not isinstance(data, ProviderRevised) or before is None:
        return {}
    given = data.changes()
    now = keys_of(given.get("name", before.name), given.get("names", before.names).values())
    return _exchange("provider_name", keys_of(before.name, before.names.values()), now, id)


def _exchange(table: str, before: Iterable[str], now: Iterable[str], id: str) -> Claims:
    given_up: Claims = {(table, key): None for key in before}
    return given_up | {(table, key): id for key in now}


def _of_compilation(world: World, id: str, data: Fact) -> Claims:
    match data:
        case CompileRequested():
            if not data.queued:
                return {("running", data.model): id}
            waiting = world.unique("queued", data.model)
            return {("queued", data.model): f"{waiting},{id}" if waiting else id}
        case CompilationDequeued():
            left = (world.unique("queued", data.model) or "").split(",")[1:]
            return {("running", data.model): id, ("queued", data.model): ",".join(left) or None}
        case CompilationSucceeded(version=version, model=model) if model is not None:
            return _ended(world, id, model) | {
                ("versions", model): str(version),
                ("version", f"{model}/{version}"): id,
            }
        case CompilationUnchanged() | CompilationFailed() | CompilationCancelled():
            return _ended(world, id, data.model or "")
        case _:
            return {}


def _ended(world: World, id: str, model: str) -> Claims:
    if world.unique("running", model) == id:
        return {("running", model): None}
    left = [one for one in (world.unique("queued", model) or "").split(",") if one != id]
    return {("queued", model): ",".join(left) or None}


def _of_person(world: World, id: str, data: Fact) -> Claims:
    now = set(filter(None, (world.unique("administrators", "all") or "").split(",")))
    rows: Claims = {}
    is_one = id in now
    match data:
        case PersonAdded(roles=roles):
            is_one, rows = "administrator" in roles, _served(world, id, None, data.assistant)
        case PersonRevised(roles=roles):
            is_one = is_one if roles is None else "administrator" in roles
            before = _assistant_of(world, id)
            rows = _served(world, id, before, data.changes().get("assistant", before))
        case PersonErased():
            is_one, rows = False, _served(world, id, _assistant_of(world, id), None) | {("erased", id): "yes"}
        case _:
            return {}
    then = now | {id} if is_one else now - {id}
    rows |= logins(world, id, data)
    return rows | ({("administrators", "all"): ",".join(sorted(then)) or None} if then != now else {})


def logins(world: World, id: str, data: Fact) -> Claims:
    """The rows of the person's id and login alone. A login that was erased can't be read and takes no row."""
    if not isinstance(data, PersonAdded | PersonRevised | PersonErased):
        return {}
    person = world.person(id)
    login = person.login if person is not None else None
    before = {login_key(world, one) for one in (id, login) if isinstance(one, str)} if person is not None else set()
    given = () if isinstance(data, PersonErased) else (id, data.changes().get("login", login))
    now = {login_key(world, one) for one in given if isinstance(one, str)}
    rows: Claims = {("kept", "logins"): "yes"}
    for key in before ^ now:
        rows |= _listed(world, "login", id, key if key in before else None, key if key in now else None)
    return rows


def _assistant_of(world: World, id: str) -> str | None:
    person = world.person(id)
    return person.assistant if person is not None else None


def _served(world: World, id: str, before: str | None, now: str | None) -> Claims:
    return _listed(world, "assistants", id, before, now)


def _of_lesson(world: World, id: str, data: Fact) -> Claims:
    rows: Claims = {}
    if isinstance(data, QAAdded | ConversationTrained) and data.external_id is not None:
        rows |= {("external", record_key(data.external_system, data.external_id)): id}
    taught = data.to if isinstance(data, QAMoved) else getattr(data, "model", None)
    model = world.model(taught) if taught is not None else None
    return rows | ({("private", model.id): "yes"} if model is not None and model.use == "personal" else {})


def _of_group(world: World, id: str, data: Fact) -> Claims:
    if isinstance(data, GroupCreated) and data.use == "direct":
        return {("direct", direct_key(data.members)): id}
    group = world.group(id)
    if isinstance(data, GroupArchived) and group is not None and group.use == "direct":
        key = direct_key(group.members)
        return {("direct", key): None} if world.unique("direct", key) == id else {}
    return {}


def _of_message(id: str, data: Fact) -> Claims:
    return {("answered", f"{data.question}/{data.virtual_user}"): id} if isinstance(data, AnswerPosted) else {}
