"""What a command's docstring says, as its help."""

from inspect import cleandoc


def paragraphs(docstring: str) -> str:
    """The same with each paragraph on one line, so that it is wrapped where the terminal ends and nowhere else."""
    return "\n\n".join(" ".join(one.split()) for one in cleandoc(docstring).split("\n\n"))
