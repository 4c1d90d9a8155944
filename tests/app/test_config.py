"""Settings are read from one table, which the documentation shows as it is."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from app.config import ROOT, SETTINGS, Settings, explained
from app.core.errors import Misconfigured

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)


def test_without_an_environment_everything_has_its_default() -> None:
    settings = Settings.from_environment({})
    assert settings.data == ROOT / "var"
    assert settings.deployment == ROOT / "var" / "deployments" / "local.json"
    assert settings.database_url == f"sqlite:///{ROOT / 'var' / 'node.db'}"
    assert settings.bind == ("127.0.0.1", 8000)
    assert settings.rpc == ()


def test_every_setting_has_a_field_and_every_field_a_setting() -> None:
    fields = [field.name for field in dataclasses.fields(Settings)]
    assert [setting.field for setting in SETTINGS] == fields


def test_the_documentation_shows_the_table_as_it_is() -> None:
    shown = ROW.findall(OPERATIONS)
    assert shown == [
        (one.name, one.kind, f"`{one.default}`" if one.default else "none", one.sentence)
        for one in SETTINGS
    ]


def test_what_is_not_named_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings.from_environment({"CHARTKEY_DATA": str(tmp_path)})
    assert settings.node_key == tmp_path / "node.key"
    assert settings.custodian_key == (tmp_path / "custodian" / "key",)
    assert settings.database_url == f"sqlite:///{tmp_path / 'node.db'}"


def test_amounts_are_in_wei_and_lists_are_lists() -> None:
    settings = Settings.from_environment(
        {
            "CHARTKEY_FEE_CAP": "1.5",
            "CHARTKEY_BALANCE_FLOOR": "0.25",
            "CHARTKEY_RPC": "http://one:8545/, https://two/key",
            "CHARTKEY_IPFS": "/ip4/127.0.0.1/tcp/5001",
            "CHARTKEY_CUSTODIAN_KEY": "new, old",
            "CHARTKEY_BIND": "[::1]:80",
            "DATABASE_URL": "postgresql://me@here/db",
        }
    )
    assert (settings.fee_cap, settings.balance_floor) == (1_500_000_000, 25 * 10**16)
    assert settings.rpc == ("http://one:8545", "https://two/key")
    assert settings.ipfs == ("/ip4/127.0.0.1/tcp/5001",)
    assert settings.custodian_key == (Path("new"), Path("old"))
    assert settings.bind == ("::1", 80)
    assert settings.database_url == "postgresql+pg8000://me@here/db"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("CHARTKEY_RPC", "localhost:8545"),
        ("CHARTKEY_RPC", "file:///etc/passwd"),
        ("DATABASE_URL", "mysql://here"),
        ("CHARTKEY_BIND", "8000"),
        ("CHARTKEY_BIND", "host:99999"),
        ("CHARTKEY_THREADS", "3"),
        ("CHARTKEY_WORKERS", "0"),
        ("CHARTKEY_BATCH_SIZE", "4001"),
        ("CHARTKEY_BATCH_SECONDS", "-1"),
        ("CHARTKEY_BATCH_SECONDS", "soon"),
        ("CHARTKEY_BALANCE_FLOOR", "NaN"),
        ("CHARTKEY_BALANCE_FLOOR", "-1"),
        ("CHARTKEY_LOG_LEVEL", "loud"),
        ("CHARTKEY_BATCHSIZE", "10"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, word: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.from_environment({name: word})


def test_more_stores_than_there_are_cannot_be_asked_for() -> None:
    told = {"CHARTKEY_IPFS": "http://one:5001", "CHARTKEY_IPFS_LEAST": "2"}
    with pytest.raises(Misconfigured, match="CHARTKEY_IPFS_LEAST"):
        Settings.from_environment(told)


def test_passwords_are_not_shown() -> None:
    told = {"DATABASE_URL": "postgresql://me:secret@here/db", "CHARTKEY_RPC": "https://k:s@host"}
    shown = {setting.name: word for setting, word in explained(told)}
    assert shown["DATABASE_URL"] == "postgresql://…@here/db"
    assert shown["CHARTKEY_RPC"] == "https://…@host"
