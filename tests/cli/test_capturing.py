"""`apprentice capture`: what picked messages teach, and a sentence for everything that isn't picked messages."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.system import APPRENTICE

QUESTION = {"id": "1", "author": "Ann", "kind": "person", "text": "@Ada how often?"}
ANSWER = {"id": "2", "author": "Ada", "kind": "assistant", "text": "Ada: Weekly."}
NOTICE = {"id": "3", "author": "", "kind": "notice", "text": "Ann left."}


def capture(text: str | bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    given = text.encode() if isinstance(text, str) else text
    return subprocess.run([APPRENTICE, "capture", *options], input=given, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_picked_messages_show_what_would_be_learnt_and_what_is_left_out(before: str) -> None:
    done = capture(before + json.dumps({"model": "Ada", "messages": [QUESTION, ANSWER, NOTICE]}), "-", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "messages": [
            {"role": "user", "content": "how often?", "name": "Ann", "learn": False},
            {"role": "assistant", "content": "Weekly.", "learn": True},
        ],
        "dropped": [{"id": "3", "why": "notice"}],
        "proposed": False,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "What was read isn't JSON:"),
        ("[]", "What was read is wrong:"),
        ("{}", "What was read is wrong: model: is missing (and 1 more)."),
        (json.dumps({"model": "Ada", "messages": [QUESTION | {"kind": "robot"}]}), "messages.0.kind:"),
        (json.dumps({"model": "Ada", "messages": [QUESTION | {"mood": "x"}]}), "messages.0.mood: there is no such field."),
    ],
)  # fmt: skip
def test_what_is_no_picked_messages_is_refused_with_a_sentence(text: str, says: str) -> None:
    done = capture(text, "-")

    assert done.returncode == 2
    assert says in done.stderr.decode()
    assert done.stderr.decode().splitlines()[0].endswith(".")


def test_a_file_that_isnt_there_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n")

    missing, picture = capture("", str(tmp_path / "none.json")), capture("", str(tmp_path / "picture.png"))

    assert missing.stderr.decode().endswith("none.json can't be read: No such file or directory.\n")
    assert picture.stderr.decode().endswith("picture.png isn't UTF-8: invalid start byte at byte 0.\n")
