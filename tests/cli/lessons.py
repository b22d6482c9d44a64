"""Files of lessons in every format, and what a model has learnt of them."""

import json
from pathlib import Path
from typing import Any

from tests.fixtures.system import System

JSONL = (
    '{"question":"What is JSON?","answer":"Lines.","section":"Files","notes":"Short.","language":"en"}\n'
    '{"question":"What is tested?","answer":"This.","purpose":"validation","active":false}\n'
    '{"messages":[{"role":"user","content":"Hi","name":"Ann","time":"2024-02-01T10:00:00Z"},'
    '{"role":"assistant","content":"No.","learn":false},{"role":"user","content":"Really?"},'
    '{"role":"assistant","content":"Yes."}],"train_as":"exchange","origin":"chat"}\n'
)
CSV = (
    "Frage,Antwort,section,purpose,active,Nr,model\r\n"
    'What is CSV?,"Commas, mostly.",Files,training,yes,1,\r\n'
    '"Which ""one""?","Two\nlines.",,V,no,,\r\n'
    "Whose?,Mine.,General,,,3,\r\n"
)
OPENAI = (
    '{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is a weight?"},'
    '{"role":"assistant","content":"0 or 1."}],"id":7}\n'
    '{"messages":[{"role":"user","content":"Two?","name":"ann"},{"role":"assistant","content":"3.","weight":0},'
    '{"role":"user","content":"No, 2."},{"role":"assistant","content":"2.","weight":1}]}\n'
)
ERPNET = json.dumps(
    {
        "@odata.context": "https://example.com/$metadata#Projects_AI_ModelQAs",
        "value": [
            {
                "Id": "q-1", "Question": "What is OData?", "Answer": "JSON with rules.", "Section": "Files",
                "QAType": "Training", "IsActive": True, "AddedByUser": {"Name": "Ann"},
                "CreationTimeUtc": "2024-02-01T10:00:00Z", "DisplayText": "What",
            },
            {
                "Id": "q-2", "Question": "And this?", "Answer": "It tests.", "Section": None, "QAType": "Validation",
                "IsActive": False, "DeactivatonTimeUtc": "2024-03-01T10:00:00Z", "Notes": "Kept.",
            },
            {
                "Id": "c-1", "Origin": "Chat", "Notes": None,
                "Messages": [
                    {"MessageNo": 2, "ParticipantRole": "Assistant", "ParticipantName": "AI", "Contents": "Hello."},
                    {"MessageNo": 1, "ParticipantRole": "User", "ParticipantName": "Ann", "Contents": "Hi.",
                     "MessageTimeUtc": "2024-02-01T10:00:00Z"},
                ],
            },
        ],
    }
)  # fmt: skip
MAPPING = ("--map", "question=Frage", "--map", "answer=Antwort")
FILES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "jsonl": (JSONL, (), 3), "csv": (CSV, MAPPING, 3), "openai": (OPENAI, (), 2), "erpnet": (ERPNET, (), 3),
}  # fmt: skip


def written(folder: Path, text: str, name: str = "lessons") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def lines_of(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def hash_of(company: System, model: str) -> Any:
    return company.ask_json("training-set", model)["sha256"]


def head(company: System) -> int:
    found: int = company.ask_json("status")["head"]
    return found


def lessons_of(company: System, model: str, folder: Path) -> list[dict[str, Any]]:
    company.ask_json("export", model, "--format", "erpnet", "-o", str(folder / "all.json"))
    found = json.loads((folder / "all.json").read_bytes())["value"]
    return [{"id": row["Id"], "text": row.get("Question")} for row in found]
