"""`apprentice capture`: what a training conversation of picked chat messages would be. Needs no running system."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import Json
from services.cli.screen import say, show_json
from services.refusals import Refused

if TYPE_CHECKING:
    from services.capture.capturing import Captured
    from services.capture.picked import PickedMessages


def capture_messages(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON with the model's name and the picked messages.")],
    as_json: Json = False,
) -> None:
    """Show what would be learnt from picked chat messages, and what is left out and why.

    The file: {"model": "AI Sales Assistant", "messages": [{"id": "1", "author": "Mara", "kind": "person", "text":
    "How long is the guarantee?"}, ...]}. kind is person, assistant or notice.
    """
    from services.capture.capturing import capture

    picked = _read(file)
    names = [picked.model] if isinstance(picked.model, str) else picked.model
    found = capture(names, picked.messages)
    if as_json:
        show_json(_as_json(found))
    else:
        _tell(found)


def _read(file: str) -> "PickedMessages":
    from pydantic import ValidationError

    from services.capture.picked import PickedMessages
    from services.malformed import malformed

    called = "What was read" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        return PickedMessages.model_validate(json.loads(text.removeprefix("\ufeff")))
    except OSError as problem:
        raise Refused("no_file", f"{file} can't be read: {problem.strerror}.") from problem
    except ValidationError as problem:
        raise malformed(called, problem) from problem
    except UnicodeDecodeError as problem:
        raise Refused("malformed", f"{called} isn't UTF-8: {problem.reason} at byte {problem.start}.") from problem
    except ValueError as problem:
        raise Refused("malformed", f"{called} isn't JSON: {problem}.") from problem


def _as_json(found: "Captured") -> dict[str, Any]:
    return {
        "messages": [
            {
                "role": turn.role,
                "content": turn.content,
                **({"name": turn.name} if turn.name else {}),
                "learn": turn.learn,
            }
            for turn in found.messages
        ],
        "dropped": [{"id": one.id, "why": one.why} for one in found.dropped],
        "proposed": found.proposed,
    }


def _tell(found: "Captured") -> None:
    if not found.messages:
        say("Nothing can be learnt from these messages.")
    for turn in found.messages:
        mark = "learns this" if turn.learn else "context only"
        say(f"{turn.role} ({mark})" + (f", {turn.name}" if turn.name else ""))
        say("\n".join(f"  {line}" for line in turn.content.splitlines()))
    if found.messages and not found.messages[-1].content:
        say("Nobody said what is right; whoever teaches writes the answer.")
    if found.proposed:
        say("The answer is proposed from the correction.")
    for one in found.dropped:
        say(f"Left out: {one.id} ({one.why})")
