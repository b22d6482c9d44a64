"""Every command against a running system, in the JSON that other programs rely on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.system import System, apprentice

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with two models: Sales below Master. Its commands start as people start them, with nothing imported."""
    system = System(tmp_path_factory.mktemp("cli") / "home", "--no-demo", command=apprentice).start()
    system.send("ModelDefined", id="master", name="Master", virtual_user="master")
    system.send("ModelDefined", id="sales", name="Sales", parent="Master", virtual_user="sally")
    yield system
    assert system.stop() == 0, system.said


def test_a_model_gets_the_embedded_provider_and_its_parent_by_name(company: System) -> None:
    sent = company.send("ModelDefined", name="Field Sales", parent="sales")

    row = next(each for each in company.ask_json("models") if each["id"] == sent["subject"])
    assert sent.keys() == {"position", "id", "subject"}
    assert (row["provider"], row["parent"]) == ("embedded", "sales")


def test_a_model_may_do_without_a_provider(company: System) -> None:
    sent = company.send("ModelDefined", name="Child only", provider=None)

    row = next(each for each in company.ask_json("models") if each["id"] == sent["subject"])
    assert row["provider"] is None


def test_a_record_is_named_in_the_json_or_by_option(company: System) -> None:
    by_kind = company.send("SystemMessageSet", model="Sales", system_message="Be brief.")
    by_id = company.send("SystemMessageSet", id="Sales", system_message="Be very brief.")
    by_option = company.send("SystemMessageSet", "--subject", "Sales", system_message="Be as brief as you can.")

    assert by_kind["subject"] == by_id["subject"] == by_option["subject"] == "sales"


def test_the_same_fact_counts_once_and_another_under_its_id_is_refused(company: System) -> None:
    said = json.dumps({"model": "Sales", "question": "What is once?", "answer": "Once."})
    other = json.dumps({"model": "Sales", "question": "What is once?", "answer": "Twice."})

    first = company.ask_json("send", "QAAdded", said, "--id", "once")
    again = company.ask_json("send", "QAAdded", said, "--id", "once")

    assert first == again
    assert company.cli("send", "QAAdded", other, "--id", "once", "--json").refused == "id_reused"


def test_a_record_that_has_moved_on_is_not_overwritten(company: System) -> None:
    sent = company.send("QAAdded", model="Sales", question="Which revision?", answer="The first.")
    change = json.dumps({"id": sent["subject"], "answer": "Another."})
    company.ask_json("send", "QARevised", change, "--expected-revision", "1")

    late = company.cli("send", "QARevised", json.dumps({"id": sent["subject"], "answer": "Too late."}),
                       "--expected-revision", "1", "--json")  # fmt: skip

    assert late.refused == "conflict"


def test_a_fact_comes_from_a_file_or_from_standard_input(company: System, tmp_path: Path) -> None:
    said = json.dumps({"model": "Sales", "question": "Въпрос?", "answer": "Отговор."}, ensure_ascii=False)
    (tmp_path / "fact.json").write_text(said, encoding="utf-8")

    company.ask_json("send", "QAAdded", f"@{tmp_path / 'fact.json'}")
    company.ask_json("send", "QAAdded", "-", stdin=said)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["QAAdded", '{"model": "Sails", "question": "a?", "answer": "b"}'], "unknown_model"),
        (["QAAdded", '{"model": "Sales", "question": " ", "answer": "b"}'], "malformed"),
        (["QAAdded", '{"model": "Sales", "question": "a?", "answer": "b", "colour": 1}'], "malformed"),
        (["QAAdded", '{"model": "Sales", "question": "\\ud800?", "answer": "b"}'], "malformed"),
        (["QAAdded", '{"model": "Sales", "question": "a?", "answer": "b"}', "--module", "crm", "--as", "ann"],
         "forged_actor"),
        (["ParentAssigned", '{"id": "Master", "parent": "Sales"}'], "cycle"),
        (["ModelDefined", '{"name": "sales."}'], "name_taken"),
        (["VirtualUserLinked", '{"id": "Master", "virtual_user": "sally"}'], "virtual_user_taken"),
        (["JobCreated", '{"id": "x", "job": "y"}', "--module", "crm"], "not_your_fact"),
        (["ActiveVersionChanged", '{"id": "sales", "old": null, "new": null, "reason": "chosen"}'], "not_your_fact"),
    ],
)  # fmt: skip
def test_what_the_rules_do_not_accept_is_refused(company: System, command: list[str], code: str) -> None:
    refused = company.cli("send", *command, "--json")

    assert refused.refused == code
    assert refused.json["refused"]["message"].endswith((".", "?"))


def test_a_module_speaks_for_itself(company: System) -> None:
    sent = company.ask_json(
        "send", "QAAdded", '{"model": "Sales", "question": "Who?", "answer": "We."}', "--module", "crm"
    )

    event = company.cli("history", "--after", str(sent["position"] - 1), "--limit", "1", "--json").json
    assert event.keys() == {"position", "fact", "kind", "subject", "time", "recorded_at", "actor", "data"}
    assert (event["fact"], event["kind"], event["actor"]) == ("QAAdded", "qa", "module:crm")


def test_an_import_reports_its_rows_and_is_idempotent(company: System, tmp_path: Path) -> None:
    # given a file with good and bad rows
    company.send("ModelDefined", id="imported", name="Imported")
    rows = [
        {"model": "Imported", "question": "One?", "answer": "1", "section": "Numbers", "language": "en"},
        "nope",
        {"model": "Nobody", "question": "Two?", "answer": "2"},
        {
            "model": "Imported",
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        },
        "",
        {"model": "Imported", "question": "Three?", "answer": "3", "purpose": "validation"},
        {"question": "Four?", "answer": "4"},
    ]
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (tmp_path / "lessons.jsonl").write_text("\n".join(lines), encoding="utf-8")

    # when it is imported twice, the second time from standard input, with a row put before the others
    first = company.cli("import", str(tmp_path / "lessons.jsonl"), "--json")
    more = '{"model": "Imported", "question": "Zero?", "answer": "0"}\n' + "\n".join(lines)
    again = company.cli("import", "-", "--json", stdin=more)

    # then the bad rows are named by line, and the good ones count once
    assert (first.code, first.json["accepted"], first.json["proposed"]) == (2, 3, 0)
    assert [(row["line"], row["code"]) for row in first.json["rejected"]] == [
        (2, "malformed"), (3, "unknown_model"), (7, "malformed"),
    ]  # fmt: skip
    assert (again.json["accepted"], again.json["unchanged"]) == (1, 3)
    counts = next(row for row in company.ask_json("models") if row["id"] == "imported")["lessons"]
    assert (counts["own"], counts["validation"]) == (3, 1)


def test_an_import_of_thousands_keeps_their_order(company: System, tmp_path: Path) -> None:
    company.send("ModelDefined", id="large", name="Large")
    rows = [{"question": f"What is {number}?", "answer": str(number)} for number in range(2_000)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    imported = company.ask_json("import", str(tmp_path / "rows.jsonl"), "--model", "Large")
    company.ask_json("training-set", "Large", "-o", str(tmp_path / "large.jsonl"))

    assert (imported["accepted"], imported["proposed"], imported["rejected"]) == (2_000, 0, [])
    lines = (tmp_path / "large.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["messages"][-1]["content"] for line in lines] == [row["answer"] for row in rows]
    sidecar = (tmp_path / "large.sidecar.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["line"] for line in sidecar] == list(range(1, 2_001))


def test_history_follows_pages_and_models(company: System) -> None:
    everything = company.cli("history", "--json").rows
    positions = [event["position"] for event in everything]

    assert positions == sorted(set(positions))
    assert everything[0]["fact"] == "PersonAdded"
    assert company.cli("history", "--after", str(positions[2]), "--limit", "2", "--json").rows == everything[3:5]
    of_sales = company.cli("history", "--model", "Sales", "--json").rows
    assert of_sales[0]["fact"] == "ModelDefined"
    assert all(event["subject"] == "sales" or event["data"].get("model") == "sales" for event in of_sales)


def test_compiling_tells_what_became_of_it(company: System) -> None:
    company.send("ModelDefined", id="compiled", name="Compiled")
    company.send("QAAdded", model="Compiled", question="Is it compiled?", answer="Yes.")

    first = company.ask_json("compile", "Compiled", "--wait")
    same = company.ask_json("compile", "compiled", "--wait")
    forced = company.ask_json("compile", "Compiled", "--wait", "--force")

    assert list(first) == ["id", "status", "version", "position", "sha256", "examples", "error"]
    assert [(each["status"], each["version"]) for each in (first, same, forced)] == [
        ("succeeded", 1), ("unchanged", 1), ("succeeded", 2),
    ]  # fmt: skip
    assert company.ask_json("compilations", "Compiled") == [forced, same, first]
    assert company.ask_json("ask", "Compiled", "Is it compiled?") == {
        "answer": "Yes.", "known": True, "model": "compiled", "version": 2,
    }  # fmt: skip


def test_a_compilation_that_cannot_begin_is_refused(company: System) -> None:
    company.send("ModelDefined", id="bare", name="Bare", provider=None)

    assert company.cli("compile", "Bare", "--json").code == 2
    assert company.cli("cancel", "Bare", "--json").refused == "not_compiling"


def test_the_models_stand_below_their_parents(company: System) -> None:
    lines = company.cli("models").out.splitlines()
    names = [line[:20].split("  ")[0].strip() for line in lines]

    assert names[0] == "model"
    assert names.index("Master") < names.index("└ Sales")


def test_a_position_of_the_future_is_answered_as_of_now(company: System) -> None:
    future = company.cli("training-set", "Sales", "--at", "2126-01-01T00:00:00Z", "--json")
    past = company.cli("training-set", "Sales", "--at", "2001-01-01T00:00:00Z", "--json")

    assert future.code == 2
    assert past.code in (0, 2)


def test_status_tells_where_everything_is(company: System) -> None:
    status = company.ask_json("status")

    assert status["addresses"]["bus"].startswith("nats://127.0.0.1:")
    assert status["read_models"][0]["position"] == status["head"]
