"""Owns the settings: every name in the environment that Chartkey reads, and what it may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from app.core.errors import MalformedStatement, Misconfigured
from app.core.typed_data import parse_address

ROOT = Path(__file__).resolve().parents[1]
DATA = "CHARTKEY_DATA"
PREFIX = "CHARTKEY_"
HOME = "var"
"""In the project's folder; any other path counts from where the command runs."""
CREDENTIALS = re.compile(r"://[^/@,]*@")
PLAIN = re.compile(r"[!-~]+")
ELSEWHERE = (
    "CHARTKEY_ALL_CHARTS",
    "CHARTKEY_DEPLOYER_KEY",
    "CHARTKEY_DEPLOYER_KEY_FILE",
    "CHARTKEY_DEPLOYMENTS",
    "CHARTKEY_FAILPOINT",
    "CHARTKEY_GOVERNOR",
    "CHARTKEY_KEYSTORE",
    "CHARTKEY_KEYSTORE_PASSPHRASE_FILE",
)
"""Names that scripts and tests read; a service passes over them."""


class _Unfit(ValueError):
    """Why a word cannot be the value of a setting."""


def _text(word: str) -> str:
    return word


def _number(word: str) -> int:
    try:
        number = int(word)
    except ValueError:
        raise _Unfit("it is not a whole number") from None
    if number < 0:
        raise _Unfit("it is below zero")
    return number


def _positive(word: str) -> int:
    number = _number(word)
    if not number:
        raise _Unfit("it is not above zero")
    return number


def _digests(word: str) -> int:
    number = _positive(word)
    if number > 4000:
        raise _Unfit("a manifest of more than 4000 digests is not one block of a store")
    return number


def _threads(word: str) -> int:
    number = _number(word)
    if number < 4:
        raise _Unfit("fewer than 4 threads leave none beside the listeners of events")
    return number


def _wei(decimals: int) -> Callable[[str], int]:
    def read(word: str) -> int:
        try:
            amount = Decimal(word)
        except InvalidOperation:
            raise _Unfit("it is not a number") from None
        if not amount.is_finite() or amount < 0:
            raise _Unfit("it is not an amount")
        return int(amount.scaleb(decimals))

    return read


def _home(word: str) -> Path:
    return ROOT / word if word == HOME else Path(word)


def _path(word: str) -> Path:
    return Path(word)


def _paths(word: str) -> tuple[Path, ...]:
    return tuple(_path(part) for part in _parts(word))


def _parts(word: str) -> list[str]:
    return [part.strip() for part in word.split(",") if part.strip()]


def service_url(word: str) -> str:
    """The address of a service, without a slash at its end; raises ValueError."""
    if urlsplit(word).scheme not in ("http", "https") or not urlsplit(word).hostname:
        raise _Unfit("it does not begin with http:// or https://")
    if not PLAIN.fullmatch(word):
        raise _Unfit("an address holds neither white space nor letters beyond ASCII")
    return word.rstrip("/")


def _urls(word: str) -> tuple[str, ...]:
    return tuple(service_url(part) for part in _parts(word))


def _stores(word: str) -> tuple[str, ...]:
    """IPFS daemons are named by URL or multiaddr; the adapter that asks them checks which."""
    return tuple(_parts(word))


def _database(word: str) -> str:
    if word.startswith("postgresql://"):
        return "postgresql+pg8000://" + word.removeprefix("postgresql://")
    if not word.startswith(("sqlite:///", "postgresql+pg8000://")):
        raise _Unfit("it begins neither with sqlite:/// nor with postgresql+pg8000://")
    return word


def _origins(word: str) -> tuple[str, ...]:
    urls = _urls(word)
    if any(urlsplit(url).path or urlsplit(url).query or "@" in url for url in urls):
        raise _Unfit("an origin has no path: it is https://host or https://host:port")
    return urls


def _persons(word: str) -> tuple[str, ...]:
    try:
        return tuple(parse_address(part) for part in _parts(word))
    except MalformedStatement:
        raise _Unfit("it names something that is no person's address") from None


def _address(word: str) -> tuple[str, int]:
    host, colon, port = word.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise _Unfit("it is not host:port")
    return host.strip("[]"), int(port)


def _level(word: str) -> str:
    if word not in ("debug", "info", "warning", "error"):
        raise _Unfit("it is none of debug, info, warning, error")
    return word


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One name in the environment: what it sets, its default, and how its words are read."""

    name: str
    kind: str
    default: str
    sentence: str
    read: Callable[[str], Any]

    @property
    def field(self) -> str:
        """Its name in `Settings`."""
        return self.name.removeprefix(PREFIX).lower()

    def word(self, environ: Mapping[str, str]) -> str:
        """What the environment says, or the default, before it is read."""
        given = environ.get(self.name, "").strip()
        home = _home(environ.get(DATA, "").strip() or HOME)
        return given or self.default.replace("$" + DATA, str(home))

    def value(self, environ: Mapping[str, str]) -> Any:
        """What the environment says, or the default; raises Misconfigured."""
        try:
            return self.read(self.word(environ))
        except _Unfit as cause:
            raise Misconfigured(name=self.name, reason=str(cause)) from None


def _setting(name: str, kind: str, default: str, read: Callable[[str], Any], text: str) -> Setting:
    return Setting(name=name, kind=kind, default=default, sentence=text, read=read)


# fmt: off
SETTINGS: tuple[Setting, ...] = (
    _setting(DATA, "folder", HOME, _home,
             "Where everything is kept that is not named otherwise."),
    _setting("CHARTKEY_DEPLOYMENT", "file", "$CHARTKEY_DATA/deployments/local.json", _path,
             "Which contracts, on which chain: the file that `python -m scripts.deploy` writes."),
    _setting("CHARTKEY_RPC", "URLs", "", _urls,
             "Ethereum endpoints; without one, `all` starts a chain of its own."),
    _setting("DATABASE_URL", "URL", "sqlite:///$CHARTKEY_DATA/node.db", _database,
             "The node's database: sqlite:///FILE or postgresql+pg8000://USER@HOST/NAME."),
    _setting("CHARTKEY_BODIES", "folder", "$CHARTKEY_DATA/bodies", _path,
             "The body store, where no IPFS daemon is named."),
    _setting("CHARTKEY_IPFS", "URLs", "", _stores,
             "The APIs of the IPFS daemons that each keep everything."),
    _setting("CHARTKEY_IPFS_LEAST", "number", "1", _positive,
             "How many of the daemons must take a body before it counts as kept."),
    _setting("CHARTKEY_NODE_KEY", "file", "$CHARTKEY_DATA/node.key", _path,
             "The node's secret, made at the first start; whoever loses it cannot rebuild."),
    _setting("CHARTKEY_RELAYER_KEY", "file", "$CHARTKEY_DATA/relayer.key", _path,
             "The key of the account that pays: 32 bytes in hexadecimal, mode 600."),
    _setting("CHARTKEY_BATCH_SECONDS", "seconds", "10", _number,
             "Batches leave when the clock strikes a multiple of this; 0 for at once."),
    _setting("CHARTKEY_BATCH_SIZE", "number", "1024", _digests,
             "How many statements at most are anchored together."),
    _setting("CHARTKEY_PAD_TO", "number", "0", _number,
             "To a multiple of how many digests a batch is filled up with random ones; 0 for none."),
    _setting("CHARTKEY_JOURNAL_SECONDS", "seconds", "60", _number,
             "How long what is kept for people waits to be written into a waybill."),
    _setting("CHARTKEY_RESEND_SECONDS", "seconds", "45", _positive,
             "After how long a transaction that is in no block is sent again with a higher fee."),
    _setting("CHARTKEY_FINAL_DEPTH", "blocks", "64", _number,
             "Under how many blocks a transaction is not looked at any more."),
    _setting("CHARTKEY_FEE_CAP", "gwei", "500", _wei(9),
             "The most that is paid for a unit of gas."),
    _setting("CHARTKEY_BALANCE_FLOOR", "ether", "0", _wei(18),
             "Below this balance only revocations are sent."),
    _setting("CHARTKEY_DAILY_QUOTA", "number", "0", _number,
             "What a person may have this node pay for in a day (a statement 1, a transaction 100);"
             " 0 for no limit."),
    _setting("CHARTKEY_CUSTODIANS", "URLs", "", _urls,
             "The custodians that the node tells of revocations, and names to clients."),
    _setting("CHARTKEY_PEERS", "URLs", "", _urls,
             "Other nodes, for cross-checking and repair."),
    _setting("CHARTKEY_NODES", "URLs", "", _urls,
             "The nodes that a custodian asks whether an access was anchored."),
    _setting("CHARTKEY_BIND", "host:port", "127.0.0.1:8000", _address,
             "Where the web service, or the custodian, listens."),
    _setting("CHARTKEY_THREADS", "number", "24", _threads,
             "Requests that one web process answers at once; two fewer can listen to events."),
    _setting("CHARTKEY_WORKERS", "number", "2", _positive,
             "Web processes."),
    _setting("CHARTKEY_RATE", "number", "2400", _number,
             "Requests per minute from one address, in each process; 0 for no limit."),
    _setting("CHARTKEY_PROXIES", "number", "0", _number,
             "How many proxies stand before the service, whose word on a client's address counts."),
    _setting("CHARTKEY_NAME", "text", "Chartkey", _text,
             "What this node calls itself on its pages."),
    _setting("CHARTKEY_ORIGIN", "URLs", "", _origins,
             "Where people find its pages, as https://chart.example; by default this machine, at the"
             " port of `CHARTKEY_BIND`."),
    _setting("CHARTKEY_ADMINS", "addresses", "", _persons,
             "The persons who may see how this node is doing."),
    _setting("CHARTKEY_IDLE_SECONDS", "seconds", "1800", _positive,
             "After how long without a request a session ends."),
    _setting("CHARTKEY_SESSION_SECONDS", "seconds", "43200", _positive,
             "How long a session lasts at most."),
    _setting("CHARTKEY_SIGN_IN_RATE", "number", "30", _number,
             "Sign-ins begun per minute from one address, in each process; 0 for no limit."),
    _setting("CHARTKEY_PERSON_RATE", "number", "2400", _number,
             "Requests per minute of one signed-in person, in each process; 0 for no limit."),
    _setting("CHARTKEY_LARGEST_UPLOAD", "bytes", "2147483648", _positive,
             "The largest sealed body that is taken."),
    _setting("CHARTKEY_STORAGE_QUOTA", "bytes", "10737418240", _number,
             "How much one person may upload in all; 0 for no limit."),
    _setting("CHARTKEY_CUSTODIAN_NAME", "text", "custodian", _text,
             "What a custodian calls itself to people."),
    _setting("CHARTKEY_CUSTODIAN_KEY", "files", "$CHARTKEY_DATA/custodian/key", _paths,
             "A custodian's keys, the current one first; the first is made at the first start."),
    _setting("CHARTKEY_MOST_BLOCK_AGE", "seconds", "120", _number,
             "Custodians refuse while the newest block is older; 0 for idle local chains."),
    _setting("CHARTKEY_HAND_IN_SECONDS", "seconds", "600", _number,
             "After how long a custodian has an access anchored that nobody else did."),
    _setting("CHARTKEY_LOG_LEVEL", "word", "info", _level,
             "What is logged: debug, info, warning or error, and what is graver."),
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; SETTINGS tells of each, field by field."""

    data: Path
    deployment: Path
    rpc: tuple[str, ...]
    database_url: str
    bodies: Path
    ipfs: tuple[str, ...]
    ipfs_least: int
    node_key: Path
    relayer_key: Path
    batch_seconds: int
    batch_size: int
    pad_to: int
    journal_seconds: int
    resend_seconds: int
    final_depth: int
    fee_cap: int
    """In wei."""
    balance_floor: int
    """In wei."""
    daily_quota: int
    custodians: tuple[str, ...]
    peers: tuple[str, ...]
    nodes: tuple[str, ...]
    bind: tuple[str, int]
    threads: int
    workers: int
    rate: int
    proxies: int
    name: str
    origin: tuple[str, ...]
    admins: tuple[str, ...]
    idle_seconds: int
    session_seconds: int
    sign_in_rate: int
    person_rate: int
    largest_upload: int
    storage_quota: int
    custodian_name: str
    custodian_key: tuple[Path, ...]
    most_block_age: int
    hand_in_seconds: int
    log_level: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read every setting; raises Misconfigured, also for a name that is none."""
        known = {setting.name for setting in SETTINGS} | set(ELSEWHERE)
        for name in sorted(environ):
            if name.startswith(PREFIX) and name not in known:
                raise Misconfigured(name=name, reason="there is no setting of that name")
        return cls(**{setting.field: setting.value(environ) for setting in SETTINGS})

    def __post_init__(self) -> None:
        if self.ipfs and self.ipfs_least > len(self.ipfs):
            reason = f"it is above the {len(self.ipfs)} daemons that are named"
            raise Misconfigured(name="CHARTKEY_IPFS_LEAST", reason=reason)


def explained(environ: Mapping[str, str]) -> list[tuple[Setting, str]]:
    """Each setting with what it says now; passwords in URLs are left out."""
    return [(one, CREDENTIALS.sub("://…@", one.word(environ))) for one in SETTINGS]
