"""The entry of `apprentice`: the commands by name, and what becomes of their failures."""

import logging
import os
import sys

import typer

from services.cli import (
    asking,
    capturing,
    compilations,
    compiling,
    exporting,
    history,
    importing,
    linking,
    models,
    modules,
    noticing,
    preflight,
    recompiling,
    reviewing,
    running,
    sending,
    status,
    training_set,
    upkeep,
)
from services.cli.explaining import paragraphs
from services.cli.failures import Broken, Ended, tell_broken, tell_refusal
from services.refusals import Refused

app = typer.Typer(
    name="apprentice",
    help="Teach your own AI assistants; the training history is the asset, a compiled model only a projection of it.",
    epilog="Exit codes: 0 done, 2 refused (with the reason), 1 broken.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)

_WORK, _LOOK, _RUN = "Teach and ask", "Look", "Run"
for name, command, panel in (
    ("ask", asking.ask, _WORK),
    ("send", sending.send, _WORK),
    ("import", importing.import_lessons, _WORK),
    ("undo", importing.undo, _WORK),
    ("export", exporting.export, _WORK),
    ("capture", capturing.capture_messages, _WORK),
    ("compile", compiling.compile_model, _WORK),
    ("cancel", compiling.cancel, _WORK),
    ("recompile", recompiling.recompile, _WORK),
    ("approve", reviewing.approve, _WORK),
    ("decline", reviewing.decline, _WORK),
    ("models", models.models, _LOOK),
    ("preflight", preflight.preflight, _LOOK),
    ("proposals", reviewing.proposals, _LOOK),
    ("conflicts", reviewing.conflicts, _LOOK),
    ("notices", noticing.notices, _LOOK),
    ("training-set", training_set.training_set, _LOOK),
    ("compilations", compilations.compilations, _LOOK),
    ("history", history.history, _LOOK),
    ("status", status.status, _LOOK),
    ("verify", upkeep.verify, _LOOK),
    ("up", running.up, _RUN),
    ("run", running.run, _RUN),
    ("rebuild", upkeep.rebuild, _RUN),
    ("module", modules.module, _RUN),
    ("link", linking.link, _RUN),
    ("secrets", running.secrets, _RUN),
    ("endpoint", running.endpoint, _RUN),
):
    app.command(name, rich_help_panel=panel, help=paragraphs(command.__doc__ or ""))(command)


def main() -> int:
    """Run the command that the arguments name; its exit code."""
    logging.basicConfig(level=logging.CRITICAL)  # sentences, not log lines, are for whoever sits here
    as_json = "--json" in sys.argv
    try:
        return _run(as_json)
    except Refused as refused:
        return tell_refusal(refused, as_json)
    except Broken as problem:
        return tell_broken(str(problem), as_json)
    except Ended as ended:
        return ended.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        return 0
    except KeyboardInterrupt:
        return tell_broken("Stopped.", as_json)


def _run(as_json: bool) -> int:
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except typer.Abort:
        return tell_broken("Stopped.", as_json)
    except typer.TyperException as problem:
        return tell_refusal(Refused("usage", _usage(problem)), as_json)
    return code if isinstance(code, int) else 0


def _usage(problem: typer.TyperException) -> str:
    context = getattr(problem, "ctx", None)
    said = problem.format_message()
    said += "" if said.endswith((".", "?", "!")) else "."
    return said + (f" See: {context.command_path} --help" if context else "")
