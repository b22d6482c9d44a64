"""Facts from what people typed into forms."""

from typing import Any, TypeVar

from pydantic import ValidationError

from contracts.facts import Fact
from services.refusals import Refused

Some = TypeVar("Some", bound=Fact)


def filled(kind: type[Some], **data: Any) -> Some:
    """The fact. Raises `Refused`: `malformed`, with what is wrong with each field."""
    try:
        return kind.model_validate(data)
    except ValidationError as invalid:
        fields = {f"data.{'.'.join(map(str, one['loc'][:1]))}": one["msg"] for one in invalid.errors()}
        name, problem = next(iter(fields.items()))
        raise Refused("malformed", f"{name.removeprefix('data.')}: {problem}", fields) from invalid
