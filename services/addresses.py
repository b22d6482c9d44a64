"""What is wrong with a provider's address, seen without calling it. Pure."""

from urllib.parse import SplitResult, urlsplit


def fault_of(address: str) -> str | None:
    """What is wrong with the address, such as "names no host"; None: it can be called."""
    parts = _split(address)
    if parts is None:
        return "can't be read as an address"
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        return "has a port that isn't a number between 1 and 65,535"
    return None if parts.hostname else "names no host"


def host_of(address: str) -> str:
    """The host that it names; empty when it names none."""
    parts = _split(address)
    return (parts.hostname if parts else None) or ""


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None
