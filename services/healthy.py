"""`python -m services.healthy PORT`: a container's health check; 0 when the service on this machine serves."""

import sys
from http.client import HTTPConnection, HTTPException


def main(port: int) -> int:
    """Ask /readyz once."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
