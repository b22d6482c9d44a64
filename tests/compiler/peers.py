"""The services around the compiler as a test wants them: what they answer and decide over a real bus is the test's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from nats.aio.msg import Msg
from pydantic import BaseModel

from contracts.envelope import Envelope
from contracts.queries import Query
from contracts.replies import Accepted
from contracts.replies import Refused as RefusedReply
from services.bus.client import Bus
from services.bus.nats_py import settled
from services.bus.serving import Serving
from services.compiler.context import Context
from services.providers.choosing import Providers
from services.refusals import Refused
from services.settings import Login, Settings

Answer = Callable[[Query], Awaitable[BaseModel]]
Decide = Callable[[Envelope], None]
"""Takes a reported fact. Raises `Refused`."""


@asynccontextmanager
async def compiling(
    login: Callable[[str], Login], home: Path, answers: dict[str, Answer], decide: Decide, **environ: str
) -> AsyncIterator[Context]:
    """A compiler's context, between projections that give these answers and commands that decide so."""
    projections = await Bus.connect(login("projections"), name="projections")
    commands = await Bus.connect(login("commands"), name="commands")
    bus = await Bus.connect(login("compiler"), name="compiler")
    settings = Settings.read(environ, home)
    context = Context(bus, settings, Providers(settings), "alone")

    async def take(message: Msg) -> None:
        reported = Envelope.model_validate_json(message.data)
        reply: BaseModel
        try:
            decide(reported)
            reply = Accepted(position=1, id=reported.id, subject=reported.subject or reported.id)
        except Refused as refused:
            reply = RefusedReply(refused=refused.refusal)
        await message.respond(reply.model_dump_json().encode())

    try:
        for name, answer in answers.items():
            await Serving(projections, name, _at_once(answer)).open("projections")
        await commands.nc.subscribe("cmd.>", cb=take)
        await settled(projections.nc)
        await settled(commands.nc)
        yield context
    finally:
        for one in (bus, commands, projections):
            await one.close()
        await context.providers.close()


def _at_once(answer: Answer) -> Callable[[str, Query], Awaitable[tuple[int, BaseModel]]]:
    async def answered(_: str, query: Query) -> tuple[int, BaseModel]:
        return 1, await answer(query)

    return answered
