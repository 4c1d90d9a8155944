"""Owns where a node's pages are, and what a browser may do with them: origins and the pages' policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0")  # noqa: S104  (compared, not listened at)


def origins_of(chosen: Sequence[str], bind: tuple[str, int]) -> tuple[str, ...]:
    """The origins that are this node's own: those that were chosen, else this machine's."""
    if chosen:
        return tuple(map(origin_of, chosen))
    host, port = bind
    names = ["localhost", "127.0.0.1"] if host in LOOPBACK else [host]
    return tuple(f"http://{name}" + ("" if port == 80 else f":{port}") for name in names)


def origin_of(url: str) -> str:
    """The origin of a URL, as browsers write it (RFC 6454)."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def pages_policy(custodians: Iterable[str]) -> str:
    """The content security policy of pages: no inline script or style, nobody else's, no frames.

    WebAssembly hashes large files; blobs show pictures and documents that were opened here.
    """
    asked = " ".join(["'self'", *sorted({origin_of(url) for url in custodians})])
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "font-src 'self'",
            f"connect-src {asked}",
            "frame-src blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
