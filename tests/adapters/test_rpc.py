"""JSON-RPC: what an endpoint answers, refuses, or fails to answer, in typed errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.adapters.local_chain import CHAIN_ID, LocalChain
from app.adapters.rpc import Rpc, RpcRefused
from app.core.encoding import keccak
from app.core.errors import ChainUnreachable
from tests.chain_fixtures import DEAD_URL
from tests.fault_proxy import FaultProxy

MakeEndpoint = Callable[..., str]
REVERT = bytes.fromhex("756688fe" + "00" * 32)


@pytest.fixture
def make_endpoint() -> Iterator[MakeEndpoint]:
    """Starts endpoints on loopback that give one answer to whatever is asked."""
    servers: list[ThreadingHTTPServer] = []

    def make(answer: bytes, status: int = 200) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
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


def test_different_calls_go_in_one_request(anvil: LocalChain) -> None:
    rich = anvil.accounts[0].address
    mixed = [("eth_chainId", []), ("eth_getBalance", [rich, "latest"]), ("eth_blockNumber", [])]
    chain_id, balance, _ = Rpc(anvil.url).batch_mixed(mixed)
    assert int(chain_id, 16) == CHAIN_ID
    assert int(balance, 16) > 0
    assert Rpc(anvil.url).batch_mixed([]) == []


def test_each_call_of_a_batch_can_be_refused_by_itself(anvil: LocalChain) -> None:
    mixed = [("eth_chainId", []), ("eth_getBalance", ["nobody", "latest"])]
    chain_id, refusal = Rpc(anvil.url).batch_answers(mixed)
    assert int(chain_id, 16) == CHAIN_ID
    assert isinstance(refusal, RpcRefused)
    with pytest.raises(RpcRefused):
        Rpc(anvil.url).batch_mixed(mixed)


def test_a_batch_that_is_refused_as_a_whole_is_refused(make_endpoint: MakeEndpoint) -> None:
    error = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"batch too large"}}'
    with pytest.raises(RpcRefused, match="batch too large") as refusal:
        Rpc(make_endpoint(error)).batch("eth_getBalance", [("0x", "latest")])
    assert refusal.value.code == -32005
    assert not refusal.value.is_revert


def test_a_limit_is_a_refusal_in_its_own_words(make_endpoint: MakeEndpoint) -> None:
    limit = b'{"code":-32005,"message":"query returned more than 10000 results"}'
    endpoint = Rpc(make_endpoint(b'{"jsonrpc":"2.0","id":1,"error":' + limit + b"}"))
    with pytest.raises(RpcRefused, match="more than 10000"):
        endpoint.call("eth_getLogs", {})


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_endpoint_in_trouble_is_unreachable_whatever_it_says(
    make_endpoint: MakeEndpoint, status: int
) -> None:
    with pytest.raises(ChainUnreachable, match=str(status)):
        Rpc(make_endpoint(b'{"jsonrpc":"2.0","id":1,"result":"0x1"}', status)).call("eth_chainId")


def test_an_answer_to_another_question_is_none(make_endpoint: MakeEndpoint) -> None:
    with pytest.raises(ChainUnreachable):
        Rpc(make_endpoint(b'{"jsonrpc":"2.0","id":99,"result":"0x1"}')).call("eth_chainId")


@pytest.mark.parametrize("kind", ["status", "garbage", "truncated", "unsent", "unanswered"])
def test_an_answer_that_breaks_off_is_none(anvil: LocalChain, kind: str) -> None:
    with FaultProxy(anvil.url) as proxy:
        rpc = Rpc(proxy.url)
        rpc.call("eth_chainId")
        proxy.errors(1.0, kinds=[kind])
        with pytest.raises(ChainUnreachable):
            rpc.call("eth_chainId")
        proxy.heal()
        assert int(rpc.call("eth_chainId"), 16) == CHAIN_ID


def test_threads_share_an_endpoint_and_get_their_own_answers(anvil: LocalChain) -> None:
    rpc = Rpc(anvil.url)
    wrong: list[object] = []

    def ask(salt: int) -> None:
        for number in range(50):
            text = hex(salt * 1000 + number).removeprefix("0x").rjust(64, "0")
            hashed = rpc.call("web3_sha3", "0x" + text)
            if hashed != "0x" + keccak(bytes.fromhex(text)).hex():
                wrong.append(hashed)

    threads = [threading.Thread(target=ask, args=(salt,)) for salt in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive()
    assert wrong == []


def test_a_proxy_for_the_web_is_none_for_a_local_chain(
    anvil: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, DEAD_URL)
    assert int(Rpc(anvil.url).call("eth_chainId"), 16) == CHAIN_ID
