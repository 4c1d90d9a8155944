"""Owns what `make screenshots` shows: invented people on every page, and in the states that tell most."""
