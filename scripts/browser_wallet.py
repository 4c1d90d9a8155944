"""Owns a browser's wallet for tests and pictures: EIP-1193, announced through EIP-6963, signing with eth-account.

The page sees what it would see of an extension. The key stays in Python; what the wallet is asked to sign is
kept, so that one can look at the words that a person would have read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount
from playwright.sync_api import BrowserContext, Page

from app.adapters.rpc import Rpc, RpcRefused

USER_REJECTED = 4001
"""EIP-1193: the person said no."""
ANNOUNCE = """
(() => {
  const request = async ({ method, params }) => {
    const { result, error } = await window.testWalletRequest(method, JSON.stringify(params ?? []));
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  };
  const provider = Object.freeze({ request, on() {}, removeListener() {} });
  const info = Object.freeze({
    uuid: "0f1c2d3e-4b5a-4978-8a6b-7c8d9e0f1a2b", name: "Test wallet", rdns: "example.wallet",
    icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
  });
  const announce = () => window.dispatchEvent(
    new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }),
  );
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


@dataclass
class TestWallet:
    """One account; `asked` are the methods and first words of what it was asked."""

    __test__ = False

    chain: Rpc
    account: LocalAccount = field(default_factory=Account.create)
    refuses: bool = False
    asked: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(self.account.address)

    def inject(self, context: BrowserContext) -> None:
        """Announce it in every page that the profile opens from now on."""
        context.expose_function("testWalletRequest", self._answer)
        context.add_init_script(ANNOUNCE)

    def add_to(self, page: Page) -> None:
        """Announce it, and load the page again."""
        self.inject(page.context)
        page.reload()

    def _answer(self, method: str, written: str) -> dict[str, Any]:
        params = json.loads(written)
        try:
            return {"result": self._request(method, params)}
        except RpcRefused as refusal:
            return {"error": {"code": -32000, "message": str(refusal)}}
        except PermissionError:
            return {"error": {"code": USER_REJECTED, "message": "The person said no."}}

    def _request(self, method: str, params: list[Any]) -> Any:
        if method in ("eth_requestAccounts", "eth_accounts"):
            return [self.address.lower()]
        if method in ("personal_sign", "eth_signTypedData_v4", "eth_sendTransaction"):
            self.asked.append((method, params))
            if self.refuses:
                raise PermissionError
        if method == "personal_sign":
            signable = encode_defunct(hexstr=params[0])
        elif method == "eth_signTypedData_v4":
            signable = encode_typed_data(full_message=json.loads(params[1]))
        elif method == "eth_sendTransaction":
            return self._send(dict(params[0]))
        else:
            return self.chain.call(method, *params)
        return "0x" + self.account.sign_message(signable).signature.hex().removeprefix("0x")

    def _send(self, transaction: dict[str, Any]) -> str:
        nonce = self.chain.call("eth_getTransactionCount", self.address, "pending")
        gas = transaction.get("gas") or self.chain.call("eth_estimateGas", transaction)
        price = int(self.chain.call("eth_gasPrice"), 16)
        signed = self.account.sign_transaction(
            {
                "to": transaction["to"],
                "data": transaction.get("data", "0x"),
                "value": int(transaction.get("value", "0x0"), 16),
                "gas": int(gas, 16),
                "maxFeePerGas": 2 * price,
                "maxPriorityFeePerGas": min(price, 10**9),
                "nonce": int(nonce, 16),
                "chainId": int(self.chain.call("eth_chainId"), 16),
                "type": 2,
            }
        )
        raw = "0x" + signed.raw_transaction.hex().removeprefix("0x")
        return str(self.chain.call("eth_sendRawTransaction", raw))
