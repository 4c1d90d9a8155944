"""Owns kept-alive HTTP connections to one service, shared by threads."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from urllib3 import connection_from_url
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers

JSON = {"Content-Type": "application/json"}
MOST_KEPT = 32
"""Connections that are kept open between calls."""


class Broken(Exception):
    """No answer came, or none that is HTTP; the text is the name of the fault."""


class Line:
    """Asks one service; neither proxies, redirects nor retries: who asks decides what comes next.

    Raises ValueError for an address that is not one of a service.
    """

    def __init__(self, url: str, timeout: float, *, most_answer: int) -> None:
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise ValueError("the address of a service begins with http:// or https://")
        self.place = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._query = f"?{parts.query}" if parts.query else ""  # some endpoints want a key there
        self._headers = _credentials(parts.username, parts.password)
        self._pool = connection_from_url(url, timeout=timeout, maxsize=MOST_KEPT, retries=False)
        self._most_answer = most_answer

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer. Raises Broken."""
        try:
            response = self._pool.urlopen(
                method,
                (self._path + path or "/") + self._query,
                body=body,
                headers=self._headers | (JSON if body is not None else {}),
                redirect=False,
                preload_content=False,
            )
            answer = response.read(self._most_answer + 1, decode_content=False)
            if len(answer) > self._most_answer:
                response.close()
                raise Broken("AnswerTooLong")
            response.release_conn()
        except (OSError, HTTPError) as cause:
            raise Broken(type(cause).__name__) from cause
        return response.status, answer


def _credentials(name: str | None, password: str | None) -> dict[str, str]:
    """HTTP basic authentication (RFC 7617), where an address carries it."""
    if name is None:
        return {}
    return dict(make_headers(basic_auth=f"{unquote(name)}:{unquote(password or '')}"))
