"""Owns the search for secrets in what left a browser or is kept by a node, in every form they may take."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import BrowserContext, Request


def forms(secret: bytes) -> set[bytes]:
    """The secret as it is, in hexadecimal, in base64 at each alignment, and as part of an address."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), quote(secret).encode()}
    for shift in range(3):
        padded = bytes(shift) + secret
        whole = len(padded) - len(padded) % 3
        for encode in (b64encode, urlsafe_b64encode):
            # the first characters also tell what stood before, the rest is the secret's own
            found.add(encode(padded[:whole])[4 if shift else 0 :])
    return found


def find(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Which secret is in which place."""
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for form in forms(secret)
        for place, content in places.items()
        if form in content
    ]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its path."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Traffic:
    """All that browsers sent while they were listened to."""

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, address, headers and body."""

    def listen(self, context: BrowserContext) -> None:
        """To every page, frame and worker of a profile."""
        context.on("request", self._keep)

    def _keep(self, request: Request) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        body = request.post_data_buffer or b""
        self.requests.append((request.method, request.url, headers.encode() + b"\n\n" + body))

    @property
    def origins(self) -> set[str]:
        """Whom the browsers talked to; what a browser keeps itself has no host."""
        parts = [urlsplit(url) for _, url, _ in self.requests]
        return {f"{part.scheme}://{part.netloc}" for part in parts if part.netloc}

    def places(self) -> dict[str, bytes]:
        """What was sent, by where it went."""
        return {
            f"request {number}, {method} {url}": url.encode() + b"\n" + sent
            for number, (method, url, sent) in enumerate(self.requests)
        }

    def bodies(self, method: str, path: str) -> Iterator[bytes]:
        """What was sent to one address of the node."""
        for one, url, sent in self.requests:
            if one == method and urlsplit(url).path == path:
                yield sent.split(b"\n\n", 1)[1]
