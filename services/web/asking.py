"""As whom the web asks what isn't one person's question: who signs in, and what a whole room sees."""

from typing import Final

MODULE: Final = "web"
ACTOR: Final = "service:web"
