"""How a command fails: exit 2 refused, with the reason; exit 1 broken. One sentence either way."""

import json
import sys
from typing import Any

from services.refusals import Refused

DONE, BROKEN, REFUSED = 0, 1, 2


class Broken(Exception):
    """It can't be done now: nothing runs, nobody answers, a file can't be read. One sentence that says what to do."""


class Ended(Exception):
    """The command has said everything itself; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def as_data(refused: Refused) -> dict[str, Any]:
    """`{"code", "message", "fields"}`."""
    return {"code": refused.code, "message": refused.message, "fields": refused.fields}


def tell_refusal(refused: Refused, as_json: bool) -> int:
    """Say why it was refused, with the fields at fault; the exit code."""
    if as_json:
        sys.stdout.write(json.dumps({"refused": as_data(refused)}, ensure_ascii=False) + "\n")
        return REFUSED
    sys.stderr.write(refused.message + "\n")
    if len(refused.fields) > 1:  # of one field the sentence has told
        for name, wrong in refused.fields.items():
            sys.stderr.write(f"  {name}: {wrong}\n")
    return REFUSED


def tell_broken(problem: str, as_json: bool) -> int:
    """Say what is broken; the exit code."""
    if as_json:
        sys.stdout.write(json.dumps({"broken": {"message": problem}}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(problem + "\n")
    return BROKEN
