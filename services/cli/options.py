"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Home folder. Default: APPRENTICE_HOME, else in your data directory."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
As = Annotated[str | None, typer.Option("--as", metavar="PERSON", help="Speak as this person. Default: owner.")]
Module = Annotated[str | None, typer.Option("--module", metavar="NAME", help="Speak as this module.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="A model's id or name.")]
