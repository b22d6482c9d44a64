"""What the retrieval model answers, and when it says that it doesn't know."""

import json
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.embedded_provider.serving import MODEL, lines, served, trained


def conversation(*turns: str, learnt: int = -1) -> bytes:
    """A line of a training file: user and assistant in turn; only one answer is learnt."""
    last = learnt % len(turns)
    messages: list[dict[str, Any]] = []
    for number, text in enumerate(turns):
        role = "assistant" if number % 2 else "user"
        messages.append(
            {"role": role, "content": text} | ({"weight": 0} if role == "assistant" and number != last else {})
        )
    return json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n"


async def said(client: AsyncOpenAI, model: str, *turns: str, system: str | None = None) -> tuple[str, dict[str, Any]]:
    """The answer to a conversation of user and assistant in turn, and what the provider knows about it."""
    messages: list[Any] = [{"role": "system", "content": system}] if system else []
    messages += [{"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(turns)]
    done = await client.chat.completions.create(model=model, messages=messages)
    return done.choices[0].message.content or "", done.model_extra["apprentice"]  # type: ignore[index]


async def test_a_known_question_tells_what_matched(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        model = (await trained(client, lines(("Which glaze is food safe?", "The clear one.")))).fine_tuned_model

        answer, about = await said(client, model, "Which glazes are food safe?")

        assert answer == "The clear one."
        assert (about["known"], about["matched"], about["suggestions"]) == (True, "Which glaze is food safe?", [])
        assert 0.4 <= about["score"] <= 1.0


@pytest.mark.parametrize(
    ("asked", "begins", "suggested"),
    [
        (
            "Which glaze is made in Portugal?",
            "I don't know. Did you mean:\n- Which glaze",
            ["Which glaze is food safe?"],
        ),
        ("Кой е президентът на Франция?", "Това още не го знам.", []),
        ("Who wrote Hamlet?", "I don't know that yet.", []),
        ("Колко струва да ремонтираме колелото?", "Не знам. Имахте предвид:\n- Колко", ["Колко струва доставката?"]),
    ],
)
async def test_an_unknown_question_is_said_to_be_unknown_in_its_language(
    tmp_path: Path, asked: str, begins: str, suggested: list[str]
) -> None:
    async with served(tmp_path) as client:
        taught = lines(("Which glaze is food safe?", "The clear one."), ("Колко струва доставката?", "Пет евро."))
        model = (await trained(client, taught)).fine_tuned_model

        answer, about = await said(client, model, asked)

        assert answer.startswith(begins)
        assert (about["known"], about["matched"], about["suggestions"]) == (False, None, suggested)


async def test_one_question_in_two_conversations_is_answered_by_what_was_said_before(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        sofia, varna = "What are the hours in Sofia?", "What are the hours in Varna?"
        taught = conversation(sofia, "9 to 5.", "And on Sundays?", "Sofia is closed.")
        taught += conversation(varna, "8 to 4.", "And on Sundays?", "Varna opens at ten.")
        job = await trained(client, taught)

        model = job.fine_tuned_model
        assert (await said(client, model, sofia, "...", "And on Sundays?"))[0] == "Sofia is closed."
        assert (await said(client, model, varna, "...", "And on Sundays?"))[0] == "Varna opens at ten."
        assert [one async for one in client.fine_tuning.jobs.list_events(job.id) if one.level == "warn"] == []


async def test_a_follow_up_is_understood_with_the_turn_before(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        job = await trained(client, lines(("Do we ship to Switzerland?", "Yes."), ("Who fires the kiln?", "Ada.")))

        alone = await said(client, job.fine_tuned_model, "The big kiln, I mean")
        after = await said(client, job.fine_tuned_model, "Who takes care of firing?", "...", "The big kiln, I mean")

        assert (alone[1]["known"], after[0], after[1]["known"]) == (False, "Ada.", True)


async def test_a_change_of_topic_is_not_answered_with_the_old_topic(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        job = await trained(client, lines(("Do we ship to Switzerland?", "Yes."), ("Who fires the kiln?", "Ada.")))

        known = await said(
            client, job.fine_tuned_model, "Do we ship to Switzerland?", "Yes.", "Who is firing the kiln?"
        )
        unknown = await said(client, job.fine_tuned_model, "Do we ship to Switzerland?", "Yes.", "Who wrote Hamlet?")
        thanks = await said(client, job.fine_tuned_model, "Do we ship to Switzerland?", "Yes.", "Thanks!")

        assert (known[0], unknown[1]["known"], thanks[1]["known"]) == ("Ada.", False, False)


async def test_the_question_is_what_a_joined_turn_ends_with(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        model = (await trained(client, lines(("Which glaze is food safe?", "The clear one.")))).fine_tuned_model
        before = "Ines: The proofs are back from the printer, and they look lovely.\n\nTheo: No, that's wrong."

        answer, about = await said(client, model, f"{before}\n\nWhich glaze is food safe?")

        assert (answer, about["known"]) == ("The clear one.", True)
        unknown, about = await said(client, model, f"Which glaze is food safe?\n\n{before}")
        assert not about["known"], unknown


async def test_only_learnt_answers_are_learnt(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        taught = conversation("Who fires the kiln?", "Bob.", "No, who really fires it?", "Ada.")
        model = (await trained(client, taught)).fine_tuned_model

        assert (await said(client, model, "No, who really fires it?"))[0] == "Ada."
        assert "Bob." not in (await said(client, model, "Who fires the kiln?"))[0]


async def test_of_questions_that_differ_in_spelling_only_the_latest_answer_stays(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        job = await trained(
            client, lines(("Where is it?", "Here."), ("where is it", "There."), ("Where is it ?", "There."))
        )

        warned = [one.message async for one in client.fine_tuning.jobs.list_events(job.id) if one.level == "warn"]
        assert (await said(client, job.fine_tuned_model, "WHERE is it?"))[0] == "There."
        assert len(warned) == 1


async def test_lessons_of_the_system_message_count_for_this_request_and_before_what_was_learnt(tmp_path: Path) -> None:
    system = "Be kind.\r\n\r\nLessons:\r\nQ: When is\r\nthe fair?\r\nA: In May.\r\n\r\nFrom 3 to 5.\r\nQ: No answer\r\nQ: Where?\r\nA:Here."
    async with served(tmp_path) as client:
        model = (await trained(client, lines(("When is the fair?", "In April.")))).fine_tuned_model

        assert (await said(client, model, "When is the fair?", system=system))[0] == "In May.\n\nFrom 3 to 5."
        assert (await said(client, MODEL, "Where?", system=system))[0] == "Here."
        assert (await said(client, model, "When is the fair?"))[0] == "In April."
        assert (await said(client, MODEL, "When is the fair?", system="Our Lessons: Q: When is the fair? A: Never."))[1] == {
            "known": False, "score": 0.0, "matched": None, "suggestions": [],
        }  # fmt: skip


async def test_a_system_message_without_lessons_changes_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        model = (await trained(client, lines(("When is the fair?", "In April.")))).fine_tuned_model

        for system in ("Be kind.", "Lessons:", "Lessons:\nnone", "Lessons:\nQ: When?", "Lessons:\nA: Never."):
            assert (await said(client, model, "When is the fair?", system=system))[0] == "In April."


async def test_the_same_file_gives_the_same_answers(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        taught = lines(("Who fires the kiln?", "Ada."), ("Who fires the big kiln?", "Bob."))
        first, second = [(await trained(client, taught)).fine_tuned_model for _ in range(2)]

        for asked in ("Who fires kilns?", "Who fires?", "The big one?"):
            assert await said(client, first, asked) == await said(client, second, asked)


@pytest.mark.parametrize("answer", ["Four times a week.", "30 дни. 🙂", " \n two  spaces\n\nand lines \n", "x" * 5000])
async def test_the_stream_says_the_same_as_the_plain_answer(tmp_path: Path, answer: str) -> None:
    async with served(tmp_path) as client:
        model = (await trained(client, lines(("How often?", answer)))).fine_tuned_model
        wanted: Any = {
            "model": model,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "How often?"}]}],
        }

        plain = await client.chat.completions.create(**wanted)
        streamed = await client.chat.completions.create(**wanted, stream=True, stream_options={"include_usage": True})
        chunks = [one async for one in streamed]

        *spoken, last, usage = chunks
        assert (
            "".join(one.choices[0].delta.content or "" for one in spoken) == plain.choices[0].message.content == answer
        )
        assert (last.choices[0].finish_reason, usage.usage, usage.choices) == ("stop", plain.usage, [])
        assert last.model_extra == plain.model_extra
        assert {one.id for one in chunks} == {chunks[0].id}


async def test_an_answer_is_cut_at_the_tokens_that_are_wanted(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        model = (await trained(client, lines(("How often?", "Четири пъти седмично.")))).fine_tuned_model

        done = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "How often?"}], max_tokens=2
        )

        assert (done.choices[0].message.content, done.choices[0].finish_reason) == ("Чети", "length")
        assert done.usage is not None
        assert done.usage.completion_tokens == 2
