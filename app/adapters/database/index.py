"""Owns the index in the database: what the chain and the manifests say."""

from __future__ import annotations

from app.adapters.database.tables import Tables


class Index(Tables):
    """Blocks, anchors, manifests, digests and events."""
