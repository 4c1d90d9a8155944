"""Owns the change of tables that makes revision 0002: who signs in, what they upload, what they are called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HASH = sa.LargeBinary(32)


def upgrade() -> None:
    """Add the tables; those from before stay as they are."""
    op.create_table(
        "challenges",
        sa.Column("nonce", HASH, nullable=False),
        sa.Column("message", HASH, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_challenges"),
    )
    op.create_index("ix_challenges_expires_at", "challenges", ["expires_at"])
    op.create_table(
        "sessions",
        sa.Column("id", HASH, nullable=False),
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("signer", sa.String(42), nullable=False),
        sa.Column("browser", sa.String(40), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_person", "uploads", ["person"])
    op.create_index("ix_uploads_began_at", "uploads", ["began_at"])
    op.create_table(
        "stored",
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("address", sa.String(80), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "address", name="pk_stored"),
    )
    op.create_index("ix_stored_address", "stored", ["address"])
    op.create_table(
        "names",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("ticket", HASH, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_names"),
        sa.UniqueConstraint("person", name="uq_names_person"),
    )
    op.create_table(
        "introductions",
        sa.Column("person", sa.String(42), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_introductions"),
    )
