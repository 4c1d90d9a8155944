"""Owns the tables of a node's database. Migrations (app/migrations) arrive at the same ones.

Everything in them is a queue or a cache. The queue (`outbox`, `calls`, `batches`, `transactions`,
`attempts`, `unpublished`, `journal`) is what was accepted and is on its way to the chain; it is the only copy of what
is not there yet. The kept things (`parcels`, `claims`, `sheets`, `documents`, `shelf`, `names`,
`introductions`) are written into waybills as well, and the index (`blocks`, `anchors`, `manifests`, `digests`,
`events`) is what the chain and the manifests say: both can be rebuilt. What passes (`challenges`, `sessions`,
`uploads`) belongs to browsers that are signed in now; a lost one signs in again.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Row = BigInteger().with_variant(Integer, "sqlite")
"""A row's number; SQLite numbers rows itself only where the type is INTEGER."""

# --- the queue: accepted, and on its way to the chain ---

transactions = Table(
    "transactions",
    metadata,
    Column("id", Row, primary_key=True),
    Column("payer", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("to", String(42), nullable=False),
    Column("calldata", LargeBinary, nullable=False),
    Column("gas", BigInteger, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("state", String(8), nullable=False),  # sent, mined, final, lost
    Column("block", BigInteger),
    Column("block_hash", LargeBinary(32)),
    UniqueConstraint("payer", "nonce"),
    Index(None, "state"),
)
"""What this node pays for, one row for each nonce."""

attempts = Table(
    "attempts",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("transaction", Row, ForeignKey("transactions.id"), nullable=False, index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("max_fee", Text, nullable=False),  # wei, which outgrow 64 bits
    Column("tip", Text, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
)
"""A transaction as it was signed: again, with a higher fee, each time it is replaced."""

batches = Table(
    "batches",
    metadata,
    Column("id", Row, primary_key=True),
    Column("judge", String(32), nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),  # accepted digests; padding and waybills come on top
    Column("published", Boolean, nullable=False),
    Column("transaction", Row, ForeignKey("transactions.id"), index=True),
    Column("block", BigInteger),
)
"""Digests that are anchored together, bound to each other before anything of them leaves."""

calls = Table(
    "calls",
    metadata,
    Column("id", Row, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("statement", Text, nullable=False),
    Column("person", String(42), nullable=False),
    Column("rank", Integer, nullable=False),  # 0 takes back, 1 changes, 2 rotates
    Column("state", String(8), nullable=False),  # accepted, sent, done, refused
    Column("accepted_at", BigInteger, nullable=False),
    Column("transaction", Row, ForeignKey("transactions.id"), index=True),
    Column("seen_in", BigInteger, index=True),  # the newest block when somebody else had done it
    Index(None, "state", "rank"),
)
"""Statements on which a contract acts."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Row, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("judge", String(32), nullable=False),
    Column("envelope", LargeBinary(32), nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("after", Row, ForeignKey("calls.id")),  # anchored only when that call is done
    Column("batch", Row, ForeignKey("batches.id"), index=True),
    UniqueConstraint("digest", "judge"),
)
"""Digests to anchor, in the order in which they were accepted."""

Index("ix_outbox_waiting", outbox.c.judge, outbox.c.id, sqlite_where=outbox.c.batch.is_(None),
      postgresql_where=outbox.c.batch.is_(None))  # fmt: skip
unpublished = Table(
    "unpublished",
    metadata,
    Column("id", Row, primary_key=True),
    Column("address", String(80), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("batch", Row, ForeignKey("batches.id"), index=True),
)
"""Envelopes and sealed sheets that the body store does not hold yet."""

journal = Table(
    "journal",
    metadata,
    Column("id", Row, primary_key=True),
    Column("entry", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("batch", Row, ForeignKey("batches.id"), index=True),
    sqlite_autoincrement=True,  # numbers go on when the table was emptied: they order waybills
)
"""What was kept and no waybill tells of yet; dropped once its waybill is published."""

quotas = Table(
    "quotas",
    metadata,
    Column("person", String(42), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("spent", Integer, nullable=False),
)
"""What each person has had this node pay for, by the day."""

stored = Table(
    "stored",
    metadata,
    Column("person", String(42), primary_key=True),
    Column("address", String(80), primary_key=True, index=True),
    Column("size", BigInteger, nullable=False),
)
"""The bodies that each person uploaded: they count towards a quota, until they are erased."""

# --- kept for people; told in waybills ---

parcels = Table(
    "parcels",
    metadata,
    Column("id", Row, primary_key=True),
    Column("person", String(42), nullable=False, index=True),
    Column("digest", LargeBinary(32), nullable=False, index=True),
    Column("address", String(80), nullable=False, index=True),
    UniqueConstraint("person", "address"),
)
"""Which envelope was addressed to whom."""

claims = Table(
    "claims",
    metadata,
    Column("body", String(80), primary_key=True),
    Column("record", LargeBinary(32), nullable=False, index=True),
)
"""The record to which a body belongs: the first that named it."""

sheets = Table(
    "sheets",
    metadata,
    Column("record", LargeBinary(32), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("statement", Text, nullable=False),
    Column("address", String(80), nullable=False),
    Column("sheet", LargeBinary, nullable=False),
)
"""Key sheets; `address` is where the body store keeps one, sealed to this node."""

documents = Table(
    "documents",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""Keys documents, which the registry or a statement commits to."""

shelf = Table(
    "shelf",
    metadata,
    Column("person", String(42), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The newest of each kind of thing that a person left here."""

names = Table(
    "names",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("person", String(42), nullable=False, unique=True),
    Column("ticket", LargeBinary(32), nullable=False),
)
"""Under which name a person signs in elsewhere, and the SHA-256 of the ticket that shows it is they."""

introductions = Table(
    "introductions",
    metadata,
    Column("person", String(42), primary_key=True),
    Column("folded", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("statement", Text, nullable=False),
)
"""The newest word of a registrar on what a person is called; `folded` is what is looked for."""

# --- what passes: browsers that are signed in ---

challenges = Table(
    "challenges",
    metadata,
    Column("nonce", LargeBinary(32), primary_key=True),
    Column("message", LargeBinary(32), nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)
"""SHA-256 of the nonces that were given out, and of the messages they stand in; each is used once."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    Column("person", String(42), nullable=False, index=True),
    Column("signer", String(42), nullable=False),
    Column("browser", String(40), nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
"""Who is signed in; `id` is the SHA-256 of what the cookie holds."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(42), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False, index=True),
    Column("address", String(80), nullable=False),  # empty until it ended
)
"""Bodies that come in pieces; the bytes wait in a folder."""

# --- the index: what the chain and the manifests say ---

blocks = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""The last blocks that were followed: how far the index has come, and whether it is still true."""

anchors = Table(
    "anchors",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("judge", String(32), nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("manifest", LargeBinary(32), nullable=False, index=True),
    Column("sender", String(42), nullable=False),
    Column("transaction", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
    Index(None, "judge", "root"),
)
"""Every `Anchored` event of the books."""

manifests = Table(
    "manifests",
    metadata,
    Column("id", Row, primary_key=True),
    Column("judge", String(32), nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("manifest", LargeBinary(32), nullable=False),
    Column("state", String(8), nullable=False),  # wanted, read, false
    Column("tries", Integer, nullable=False),
    Column("next_try", BigInteger, nullable=False),
    UniqueConstraint("judge", "root", "manifest"),
    Index(None, "state", "next_try"),
)
"""Each list that an anchor names, and whether it was read."""

digests = Table(
    "digests",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("list", Row, ForeignKey("manifests.id"), primary_key=True),
    Column("envelope", LargeBinary(32), nullable=False),
    Index(None, "list"),
)
"""Every digest of every list that was read."""

events = Table(
    "events",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("contract", String(32), nullable=False),
    Column("name", String(32), nullable=False),
    Column("subject", String(66), nullable=False, index=True),
    Column("arguments", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""Every other event of the contracts; `subject` is its first indexed argument."""

QUEUE = (transactions, attempts, batches, calls, outbox, unpublished, journal, quotas, stored)
KEPT = (parcels, claims, sheets, documents, shelf, names, introductions)
PASSING = (challenges, sessions, uploads)
INDEX = (blocks, anchors, manifests, digests, events)
