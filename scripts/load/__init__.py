"""Owns the parts of `python -m scripts.bench load`: real services on loopback, and how they bear up."""
