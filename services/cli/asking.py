"""`apprentice ask`: try a model out; nothing of it is recorded."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json, Model
from services.cli.screen import say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client

ANSWER_SECONDS = 120.0


def ask(
    model: Model,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you want to know.")],
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Ask a model's active version a question; without a version the base model answers."""
    from services.cli.client import talk

    async def work(client: "Client") -> tuple[dict[str, Any], str]:
        import asyncio

        from services.cli.names import model_name

        asked = client.query("ask", {"model": model, "question": question}, timeout=ANSWER_SECONDS)
        name, answer = await asyncio.gather(model_name(client, model), asked)
        return answer, name

    answer, name = talk(home, work, person=person)
    if as_json:
        show_json({key: answer.get(key) for key in ("answer", "known", "model", "version")})
        return
    say(answer["answer"])
    version = answer.get("version")
    say(f"({name}, version {version})" if version else f"({name}, base model: no version is active)")
