"""Projects providers and models as they were at every position."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from contracts.envelope import Envelope
from contracts.facts.model import (
    ActiveVersionChanged,
    DefaultModelChosen,
    ModelArchived,
    ModelDefined,
    ModelRestored,
    ModelRevised,
    ParentAssigned,
    SystemMessageSet,
    VirtualUserLinked,
)
from contracts.facts.provider import (
    BaseModelRetirementAnnounced,
    ProviderRegistered,
    ProviderRetired,
    ProviderRevised,
)
from services.eventlog.log import Recorded
from services.folding import fold
from services.projections.tables import FOREVER, model, provider
from services.projections.temporal import Temporal


class Models:
    """Collects a batch's rows of providers and models."""

    def __init__(self) -> None:
        self._providers = Temporal(provider)
        self._models = Temporal(model)

    def begin(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Fetch what the batch will change; a new default takes it from another model."""
        self._providers.load(connection, {str(e.subject) for _, e in events if e.data.kind == "provider"})
        ids = {str(e.subject) for _, e in events if e.data.kind == "model"}
        if any(_takes_default(event) for _, event in events):
            rows = connection.execute(model.select().where(model.c.valid_to == FOREVER)).mappings()
            ids |= {row["id"] for row in rows if json.loads(row["document"])["default"]}
        self._models.load(connection, ids)

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        position, self._revision = recorded.position, recorded.revision
        if event.data.kind == "provider":
            self._provider(position, event)
        elif event.data.kind == "model":
            self._model(position, event)

    def archived(self, id: str) -> bool:
        """Whether a model of this batch is archived, as far as it is projected."""
        return bool(self._document(self._models, id)["archived"])

    def write(self, connection: Connection) -> None:
        """Write what was collected."""
        self._providers.write(connection)
        self._models.write(connection)

    def _provider(self, position: int, event: Envelope) -> None:
        id, data = str(event.subject), event.data
        document = self._document(self._providers, id)
        match data:
            case ProviderRegistered():
                document = data.model_dump(mode="json") | {"retired": False, "retires": {}}
                if data.retires_on:
                    document["retires"][data.base_model] = data.retires_on.isoformat()
            case ProviderRevised():
                document |= data.given()
            case ProviderRetired():
                document["retired"] = True
            case BaseModelRetirementAnnounced():
                document["retires"] = document["retires"] | {data.base_model: data.retires_on.isoformat()}
        document["revision"] = self._revision
        self._providers.put(id, position, {"document": json.dumps(document, ensure_ascii=False)})

    def _model(self, position: int, event: Envelope) -> None:
        id, data = str(event.subject), event.data
        document = self._document(self._models, id)
        match data:
            case ModelDefined():
                document = data.model_dump(mode="json", exclude={"name_keys"}) | {"archived": False, "active": None}
            case ModelRevised():
                document |= {name: value for name, value in data.given().items() if name != "name_keys"}
            case SystemMessageSet():
                document["system_message"] = data.model_dump(mode="json")["system_message"]
            case ParentAssigned():
                document["parent"] = data.parent
            case VirtualUserLinked():
                document["virtual_user"] = data.virtual_user
            case DefaultModelChosen():
                document["default"] = True
            case ModelArchived() | ModelRestored():
                document["archived"] = isinstance(data, ModelArchived)
            case ActiveVersionChanged():
                document["active"] = data.new.model_dump(mode="json") if data.new else None
        if _takes_default(event):
            self._take_default(id, position)
        self._put(id, position, document | {"revision": self._revision})

    def _take_default(self, id: str, position: int) -> None:
        for other in self._models.ids():
            document = self._document(self._models, other)
            if other != id and document["default"]:
                self._put(other, position, document | {"default": False})

    def _put(self, id: str, position: int, document: dict[str, Any]) -> None:
        row = {
            "parent": document["parent"],
            "archived": document["archived"],
            "descendants": document["lineage"]["descendants"],
            "ancestors": document["lineage"]["ancestors"],
            "personal": document["use"] == "personal",
            "held_back": json.dumps(sorted({fold(one) for one in document["held_back_sections"]}), ensure_ascii=False),
            "document": json.dumps(document, ensure_ascii=False),
        }
        self._models.put(id, position, row)

    @staticmethod
    def _document(rows: Temporal, id: str) -> dict[str, Any]:
        row = rows.get(id)
        found: dict[str, Any] = json.loads(row["document"]) if row else {}
        return found


def _takes_default(event: Envelope) -> bool:
    data = event.data
    return isinstance(data, DefaultModelChosen) or (isinstance(data, ModelDefined) and data.default)
