"""What every fact declares: its kind, who may report it, its schema number, and which of its fields are derived."""

from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Kind = Literal[
    "provider", "model", "qa", "conversation", "proposal", "compilation", "group", "message", "person", "module"
]
Reporter = Literal["person", "module", "compiler", "chat"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ANYONE: Final[frozenset[Reporter]] = frozenset({"person", "module"})
PERSON: Final[frozenset[Reporter]] = frozenset({"person"})
COMPILER: Final[frozenset[Reporter]] = frozenset({"compiler"})
CHAT: Final[frozenset[Reporter]] = frozenset({"chat"})
DERIVED: Final[frozenset[Reporter]] = frozenset()
"""Reporters of a fact that is decided, never accepted from outside."""


def derived(default: Any = None, description: str = "") -> Any:
    """A field that the rules fill in when the fact is accepted; whoever reports the fact must leave it out."""
    return Field(default=default, description=description, json_schema_extra={"readOnly": True})


class Part(BaseModel):
    """A piece of a fact's data. Frozen; readers ignore fields they don't know, reception forbids them."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fact(Part):
    """The data of one fact; the class's name is the fact's name."""

    kind: ClassVar[Kind]
    reporters: ClassVar[frozenset[Reporter]]
    schema_number: ClassVar[int] = 1
    begins: ClassVar[bool] = False
    """Whether it begins a record: then its subject may be left out and is the fact's own id."""
    of_itself: ClassVar[frozenset[str]] = frozenset()
    """Fields that say something of the fact and change nothing of its record."""

    @classmethod
    @cache
    def derived_fields(cls) -> frozenset[str]:
        """Names of the fields that only the rules may fill in."""
        return frozenset(name for name, field in cls.model_fields.items() if _is_derived(field))

    def changes(self) -> dict[str, Any]:
        """The fields that were given, derived ones left out: what a `...Revised` fact wants changed."""
        return {name: getattr(self, name) for name in self.model_fields_set - self.derived_fields() - self.of_itself}

    def given(self) -> dict[str, Any]:
        """The fields that were given as JSON, each whole: a part's own defaults are stated, so they can't change later."""
        return self.model_dump(mode="json", include=set(self.model_fields_set))


def _is_derived(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("readOnly") is True


LARGEST_NUMBER: Final = 2**53 - 1
"""Every JSON reader keeps whole numbers up to this one exactly."""
Counter = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
Ordinal = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
Micros = Annotated[int, Field(ge=0, le=LARGEST_NUMBER, description="Microseconds since 1970-01-01T00:00:00Z.")]
Money = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hexadecimal.")]
Share = Annotated[float, Field(ge=0, le=1)]
