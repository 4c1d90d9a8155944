"""Owns where the pages' tests find a browser's wallet: it is the one of the pictures."""

from scripts.browser_wallet import USER_REJECTED, TestWallet

__all__ = ["USER_REJECTED", "TestWallet"]
