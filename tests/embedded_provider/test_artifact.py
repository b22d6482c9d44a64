"""What a job leaves on disk, and how it is read again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.embedded_provider import artifact, models
from services.embedded_provider.artifact import MANY, NewerArtifact, write_artifact
from services.embedded_provider.database import Database
from services.embedded_provider.knowledge import Few, Many, load
from services.embedded_provider.models import BASE, Models
from services.embedded_provider.problems import ApiProblem
from services.embedded_provider.turns import Pair

PAIRS = [
    Pair(f"What is the price of article {n} in colour {n % 97}?", f"Price {n}.", f"Which shop has it, {n % 3}?")
    for n in range(MANY + 50)
]


def stamped(path: Path, format: int, scorer: int) -> None:
    """Make it one of another version."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE about SET format=?, scorer=?", (format, scorer))


def test_many_pairs_on_disk_are_ranked_as_few_in_memory(tmp_path: Path) -> None:
    write_artifact(tmp_path / "m", PAIRS)
    many, exact = load(tmp_path / "m"), Few(PAIRS)

    assert (type(many), many.weight) == (Many, 0)
    for asked in (
        "What is the price of article 4711 in colour 55?",
        "article 77 price?",
        "Which colour has article 9999?",
    ):
        for text in ("question", "in_context"):
            found, expected = many.nearest(asked, text, 1)[0], exact.nearest(asked, text, 1)[0]
            assert found.score == pytest.approx(expected.score, abs=1e-4)
    assert many.nearest("Who wrote Hamlet?", "question", 3) == []
    assert many.nearest("", "question", 3) == []


def test_many_pairs_without_context_are_asked_in_context_too(tmp_path: Path) -> None:
    write_artifact(tmp_path / "m", [Pair(one.question, one.answer) for one in PAIRS])

    [found] = load(tmp_path / "m").nearest("In a shop?\nThe price of article 4711 in colour 55?", "in_context", 1)

    assert found.pair.answer == "Price 4711."


def test_one_of_an_older_scorer_is_made_anew_and_answers_the_same(tmp_path: Path) -> None:
    write_artifact(tmp_path / "m", PAIRS)
    before = load(tmp_path / "m").nearest(PAIRS[7].question, "question", 3)
    stamped(tmp_path / "m", 1, 1)

    assert load(tmp_path / "m").nearest(PAIRS[7].question, "question", 3) == before
    assert artifact.read_artifact(tmp_path / "m") == (len(PAIRS), True)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_one_of_a_newer_version_is_refused_with_a_sentence(tmp_path: Path) -> None:
    write_artifact(tmp_path / "m", PAIRS[:3])
    stamped(tmp_path / "m", artifact.FORMAT + 1, 1)

    with pytest.raises(NewerArtifact, match=r"newer version .* update"):
        load(tmp_path / "m")


@pytest.fixture
def provider(tmp_path: Path) -> Models:
    """Five models of ten pairs each, `m0` to `m4`."""
    database = Database(tmp_path)
    (tmp_path / "models").mkdir()
    found = Models(database, tmp_path / "models")
    for number in range(5):
        write_artifact(found.path(f"j{number}"), PAIRS[:10])
        database.run("INSERT INTO model VALUES (?,?,?)", f"m{number}", 0, f"j{number}")
    return found


def test_the_index_is_built_on_first_use_and_kept(provider: Models) -> None:
    assert provider.knowledge(BASE) is None
    assert provider.knowledge("m0") is provider.knowledge("m0")


def test_so_many_pairs_are_kept_in_memory_and_no_more(provider: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "KEPT_PAIRS", 25)
    first, second = provider.knowledge("m0"), provider.knowledge("m1")

    assert provider.knowledge("m0") is first
    provider.knowledge("m2")

    assert provider.knowledge("m0") is first
    assert provider.knowledge("m1") is not second


def test_a_model_whose_artifact_is_gone_or_broken_does_not_exist(provider: Models) -> None:
    provider.path("j0").unlink()
    provider.path("j1").write_bytes(b"not a database, not at all")

    for id in ("m0", "m1", "none"):
        with pytest.raises(ApiProblem) as refused:
            provider.knowledge(id)
        assert (refused.value.status, refused.value.body["error"]["code"]) == (404, "model_not_found")


def test_what_no_model_needs_is_removed_at_the_start(provider: Models) -> None:
    provider.path("cancelled").touch()

    provider.clean()

    assert not provider.path("cancelled").exists()
    assert provider.knowledge("m4") is not None
