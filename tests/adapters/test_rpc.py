"""JSON-RPC: what an endpoint answers, refuses, or fails to answer, in typed errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.adapters.local_chain import CHAIN_ID, LocalChain
from app.adapters.rpc import Rpc, RpcRefused
from app.core.errors import ChainUnreachable
from tests.chain_fixtures import DEAD_URL

MakeEndpoint = Callable[[bytes], str]
REVERT = bytes.fromhex("756688fe" + "00" * 32)


@pytest.fixture
def make_endpoint() -> Iterator[MakeEndpoint]:
    """Starts endpoints on loopback that give one answer to whatever is asked."""
    servers: list[ThreadingHTTPServer] = []

    def make(answer: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_chain_answers(anvil: LocalChain) -> None:
    assert int(Rpc(anvil.url).call("eth_chainId"), 16) == CHAIN_ID


def test_a_batch_is_answered_in_order(anvil: LocalChain) -> None:
    addresses = [account.address for account in anvil.accounts] + ["0x" + "77" * 20]
    balances = Rpc(anvil.url).batch(
        "eth_getBalance", [(address, "latest") for address in addresses]
    )
    assert [int(balance, 16) > 0 for balance in balances] == [True, True, True, True, False]


def test_a_batch_with_a_refused_call_is_refused(anvil: LocalChain) -> None:
    with pytest.raises(RpcRefused):
        Rpc(anvil.url).batch(
            "eth_getBalance", [(anvil.accounts[0].address, "latest"), ("nobody", "latest")]
        )


def test_a_batch_without_all_answers_is_unreachable(make_endpoint: MakeEndpoint) -> None:
    endpoint = Rpc(make_endpoint(b'[{"jsonrpc":"2.0","id":1,"result":"0x1"}]'))
    with pytest.raises(ChainUnreachable, match="missing"):
        endpoint.batch("eth_getBalance", [("0x", "latest"), ("0x", "latest")])


@pytest.mark.parametrize(
    "url", [DEAD_URL, "http://nowhere.invalid", "nonsense", "ftp://127.0.0.1/"]
)
def test_an_endpoint_that_is_not_there_is_unreachable(url: str) -> None:
    with pytest.raises(ChainUnreachable):
        Rpc(url, timeout=2).call("eth_chainId")


@pytest.mark.parametrize(
    "answer", [b"", b"<html>502</html>", b"[]", b'"0x1"', b"null", b"\xff\xfe"]
)
def test_an_answer_that_is_no_json_rpc_is_unreachable(
    make_endpoint: MakeEndpoint, answer: bytes
) -> None:
    with pytest.raises(ChainUnreachable):
        Rpc(make_endpoint(answer)).call("eth_chainId")


def test_an_answer_with_neither_result_nor_error_is_unreachable(
    make_endpoint: MakeEndpoint,
) -> None:
    with pytest.raises(ChainUnreachable):
        Rpc(make_endpoint(b'{"jsonrpc":"2.0","id":1}')).call("eth_chainId")


def test_no_receipt_yet_is_an_answer(anvil: LocalChain) -> None:
    assert Rpc(anvil.url).call("eth_getTransactionReceipt", "0x" + "11" * 32) is None


@pytest.mark.parametrize(
    "data",
    ["0x" + REVERT.hex(), {"result": "0x" + REVERT.hex()}, {"data": "0x" + REVERT.hex()}],
    ids=["anvil", "ganache", "hardhat"],
)
def test_revert_bytes_are_found_wherever_a_node_puts_them(
    make_endpoint: MakeEndpoint, data: object
) -> None:
    error = {"code": 3, "message": "execution reverted", "data": data}
    endpoint = Rpc(make_endpoint(json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode()))
    with pytest.raises(RpcRefused, match="execution reverted") as refusal:
        endpoint.call("eth_call")
    assert refusal.value.data == REVERT


@pytest.mark.parametrize(
    "error", ["no", {"message": "no"}, {"data": 7}, {"message": "no", "data": "0xzz"}]
)
def test_an_error_without_revert_bytes_is_refused_without_them(
    make_endpoint: MakeEndpoint, error: object
) -> None:
    endpoint = Rpc(make_endpoint(json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode()))
    with pytest.raises(RpcRefused) as refusal:
        endpoint.call("eth_call")
    assert refusal.value.data == b""


def test_a_proxy_for_the_web_is_none_for_a_local_chain(
    anvil: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, DEAD_URL)
    assert int(Rpc(anvil.url).call("eth_chainId"), 16) == CHAIN_ID
