"""A JSON-RPC endpoint that stands before a real one and fails, lags or lies as a test tells it to.

    with FaultProxy(anvil.url) as proxy:
        Rpc(proxy.url)...            # passes everything on
        proxy.freeze()               # answers from this block on, whatever happens behind it
        proxy.errors(0.3, seed=1)    # three answers in ten fail, the same in every run
        proxy.only("eth_call")       # … and only where a request asks for this
        proxy.heal()

Faults add up: a slow endpoint can also lie. Requests are counted by method as they come in, and
`forwarded` counts those that reached the real endpoint: a dropped connection does not tell.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Self
from urllib.parse import urlsplit

Lie = Callable[[str, Sequence[Any], Any], Any]
"""(method, parameters, true result) → the result that is told."""

KINDS = ("status", "refusal", "garbage", "truncated", "other shape", "unsent", "unanswered")
"""What `errors` draws from; `unanswered` drops the connection after the request was forwarded."""

TAGS = {"latest", "pending", "safe", "finalized"}
REFUSAL = {"code": -32005, "message": "limit exceeded"}


class _Dropped(Exception):
    """The connection ends without an answer."""


class FaultProxy:
    """A threaded server on a free port of 127.0.0.1; `url` is its address."""

    def __init__(self, target_url: str) -> None:
        self.target = urlsplit(target_url)
        self.counts: Counter[str] = Counter()
        self.forwarded: Counter[str] = Counter()
        self.requests = 0
        self._counting, self._woken = Lock(), Event()
        self._reset()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._woken.set()
        self._server.shutdown()
        self._server.server_close()

    def _reset(self) -> None:
        self._down = False
        self._seconds = self._rate = 0.0
        self._random = random.Random(0)
        self._kinds: tuple[str, ...] = KINDS
        self._only: frozenset[str] = frozenset()
        self._frozen: int | None = None
        self._lies: list[Lie] = []

    # what a test tells it

    def heal(self) -> None:
        """Pass everything on again; requests that are being delayed go on at once."""
        self._reset()
        self._woken.set()
        self._woken = Event()

    def down(self) -> None:
        """Close every connection without an answer."""
        self._down = True

    def slow(self, seconds: float) -> None:
        """Wait before each answer, or until `heal`."""
        self._seconds = seconds

    def errors(self, rate: float, seed: int = 0, kinds: Sequence[str] = KINDS) -> None:
        """Fail with this probability, in one of these ways."""
        self._random = random.Random(seed)
        self._kinds = tuple(kinds)
        self._rate = rate

    def only(self, *methods: str) -> None:
        """Let `down`, `slow`, `errors` and `lie` meet only requests with one of these methods."""
        self._only = frozenset(methods)

    def chain_id(self, number: int) -> None:
        """Say that this is another chain."""
        self.lie(lambda method, _, result: hex(number) if method == "eth_chainId" else result)

    def freeze(self) -> None:
        """Go on answering from the present block, as an endpoint that follows no more."""
        [answer] = self.forward([{"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"}])
        self._frozen = int(answer["result"], 16)

    def lie(self, tell: Lie) -> None:
        """Rewrite results; several lies are told one after the other."""
        self._lies.append(tell)

    # what it does

    def answer(self, body: bytes) -> tuple[int, bytes, int]:
        """Status, answer, and how many of its bytes are sent; raises _Dropped."""
        question = json.loads(body)
        calls = question if isinstance(question, list) else [question]
        methods = [str(call["method"]) for call in calls]
        with self._counting:
            self.requests += 1
            self.counts.update(methods)
            meant = not self._only or not self._only.isdisjoint(methods)
            fails = meant and self._rate > 0 and self._random.random() < self._rate
            kind = self._random.choice(self._kinds) if fails else ""
        if meant and self._seconds:
            self._woken.wait(self._seconds)
        if (meant and self._down) or kind == "unsent":
            raise _Dropped
        if kind == "status":
            return 500, b"upstream failed", 15
        if kind == "refusal":
            refused = [{"jsonrpc": "2.0", "id": call["id"], "error": REFUSAL} for call in calls]
            return _told(200, refused if isinstance(question, list) else refused[0])
        answers = [self._one(call, meant) for call in calls]
        if kind == "unanswered":
            raise _Dropped
        if kind == "garbage":
            return 200, b"<html>502</html>", 16
        if kind == "other shape":
            return _told(200, {"jsonrpc": "2.0", "id": None})
        status, told, size = _told(200, answers if isinstance(question, list) else answers[0])
        return status, told, size // 2 if kind == "truncated" else size

    def _one(self, call: dict[str, Any], meant: bool) -> dict[str, Any]:
        method, params = str(call["method"]), list(call.get("params", []))
        frozen = self._frozen
        if frozen is not None:
            if _beyond(method, params, frozen):
                if method.startswith("eth_getBlock"):
                    return {"jsonrpc": "2.0", "id": call["id"], "result": None}
                error = {"code": -32001, "message": "block not found"}
                return {"jsonrpc": "2.0", "id": call["id"], "error": error}
            params = [_as_of(param, frozen) for param in params]
        [answer] = self.forward([call | {"params": params}])
        if "result" in answer:
            if frozen is not None:
                answer["result"] = _unseen(method, answer["result"], frozen)
            for tell in self._lies if meant else ():
                answer["result"] = tell(method, params, answer["result"])
        return answer

    def forward(self, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Ask the real endpoint."""
        with self._counting:
            self.forwarded.update(str(call["method"]) for call in calls)
        connection = HTTPConnection(str(self.target.hostname), self.target.port or 80, timeout=60)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", self.target.path or "/", json.dumps(list(calls)), headers)
            answers: list[dict[str, Any]] = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as cause:
            raise _Dropped from cause
        finally:
            connection.close()
        return answers


def _told(status: int, document: Any) -> tuple[int, bytes, int]:
    body = json.dumps(document).encode()
    return status, body, len(body)


def _as_of(param: Any, frozen: int) -> Any:
    """A parameter in which the newest block is the frozen one."""
    if isinstance(param, str) and param in TAGS:
        return hex(frozen)
    if isinstance(param, dict) and ("fromBlock" in param or "toBlock" in param):
        block = param.get("toBlock", "latest")
        last = frozen if block in TAGS else min(int(block, 16), frozen)
        return param | {"toBlock": hex(last)}
    return param


def _beyond(method: str, params: Sequence[Any], frozen: int) -> bool:
    """Whether a question is about a block that a frozen endpoint has never seen."""
    if method == "eth_getBlockByNumber":
        block = params[0]
    elif method in ("eth_call", "eth_getCode", "eth_getBalance", "eth_getTransactionCount"):
        block = params[1] if len(params) > 1 else "latest"
    else:
        return False
    return isinstance(block, str) and block.startswith("0x") and int(block, 16) > frozen


def _unseen(method: str, result: Any, frozen: int) -> Any:
    """What is left of a result that names blocks beyond the frozen one."""
    if method == "eth_blockNumber":
        return hex(min(int(result, 16), frozen))
    if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBlockByHash"):
        number = (result or {}).get("number" if "Block" in method else "blockNumber")
        return None if number is not None and int(number, 16) > frozen else result
    return result


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for head and body
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, told, size = proxy.answer(body)
            except _Dropped:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told[:size])
            self.close_connection = size < len(told)

        def log_message(self, *_: Any) -> None:
            """Tests tell what failed."""

    return Handler
