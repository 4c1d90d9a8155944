"""Owns the build: the contracts compiled from their sources, by py-solc-x, once per change.

The compiler's input holds every source in full, so that the same text verifies a contract on a
block explorer, and its hash names the cached output: what did not change is not compiled again.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

from app.adapters import tools
from app.adapters.files import write_whole
from app.core.errors import ChainError

CACHE = tools.TOOLS / "build"
PACKAGES = {"@openzeppelin/": tools.NODE_MODULES}
"""Where imports that begin with a package's name are read from."""

RULES, OLDER_RULES = "shanghai", "london"
"""Of the EVM: Ganache 7.9 knows none after Shanghai's, and Clique networks none after London's."""

SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": RULES,
    # Without the hash of the sources in the code, a changed comment is not a changed contract.
    "metadata": {"bytecodeHash": "none"},
    "outputSelection": {
        "*": {
            "*": [
                "abi",
                "evm.bytecode.object",
                "evm.deployedBytecode.object",
                "evm.deployedBytecode.immutableReferences",
            ]
        }
    },
}

_IMPORT = re.compile(r'^\s*import\s+(?:[^"\';]*\sfrom\s+)?["\']([^"\']+)["\']\s*;', re.MULTILINE)


class ContractsDoNotCompile(ChainError):
    """The compiler refused the sources."""

    sentence = "The contracts do not compile: {reason}"
    unharmed = "Nothing was changed."
    remedy = "Correct the source, or run make setup if it is a package's."


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledContract:
    """One contract of the build."""

    name: str
    source: str
    abi: Sequence[Mapping[str, Any]]
    creation: bytes
    runtime: bytes
    immutables: tuple[tuple[int, int], ...]
    """(start, length) of each place in `runtime` that the constructor fills in."""

    def is_code(self, code: bytes) -> bool:
        """Whether code on chain is this contract's, whatever its immutables hold."""
        return self._masked(code) == self._masked(self.runtime)

    def _masked(self, code: bytes) -> bytes:
        masked = bytearray(code)
        for start, length in self.immutables:
            if start + length > len(masked):
                return b""
            masked[start : start + length] = bytes(length)
        return bytes(masked)


@dataclass(frozen=True)
class Build:
    """All contracts, and what the compiler was given."""

    contracts: Mapping[str, CompiledContract]
    compiler: str
    standard_input: Mapping[str, Any]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The compiler and the settings that decide the code, as a deployment file tells them."""
        chosen = {
            k: v for k, v in self.standard_input["settings"].items() if k != "outputSelection"
        }
        return {"solc": self.compiler, **chosen}

    def __getitem__(self, name: str) -> CompiledContract:
        return self.contracts[name]


def compile_contracts(
    folder: Path = tools.ROOT / "contracts", cache: Path = CACHE, *, rules: str = RULES
) -> Build:
    """Compile all contracts below `folder`, or take them from the cache where nothing changed.

    `rules` names the EVM that the code is for. Raises ContractsDoNotCompile, CannotStart.
    """
    version = tools.solc_version()
    standard_input = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in _sources(folder).items()},
        "settings": SETTINGS | {"evmVersion": rules},
    }
    given = json.dumps([version, standard_input], sort_keys=True).encode()
    kept = cache / f"{sha256(given).hexdigest()[:32]}.json"
    output = _read(kept)
    if output is None:
        output = _compile(standard_input)
        write_whole(kept, json.dumps(output))
    contracts = [
        _contract(source, name, entry)
        for source, entries in output.items()
        for name, entry in entries.items()
        if source.startswith(f"{folder.name}/")
    ]
    return Build({contract.name: contract for contract in contracts}, version, standard_input)


def _sources(folder: Path) -> dict[str, str]:
    """Every source below the folder and all that they import, by its name for the compiler."""
    found: dict[str, str] = {}
    waiting = [
        posixpath.join(folder.name, path.relative_to(folder).as_posix())
        for path in folder.rglob("*.sol")
    ]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = _path(folder, name).read_text(encoding="utf-8")
        except FileNotFoundError as cause:
            raise ContractsDoNotCompile(reason=f"{name} is imported and missing.") from cause
        waiting += [_resolve(name, target) for target in _IMPORT.findall(found[name])]
    return dict(sorted(found.items()))


def _path(folder: Path, name: str) -> Path:
    for prefix, root in PACKAGES.items():
        if name.startswith(prefix):
            return root / name
    return folder.parent / name


def _resolve(importer: str, target: str) -> str:
    """The name of an imported source: relative paths start at the importer, as in Solidity."""
    if target.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))
    return target


def _compile(standard_input: dict[str, Any]) -> dict[str, Any]:
    try:
        output = solcx.compile_standard(standard_input, solc_binary=tools.solc_path())
    except SolcError as cause:
        raise ContractsDoNotCompile(reason=str(cause).strip().split("\n\n")[0]) from cause
    contracts: dict[str, Any] = output["contracts"]
    return contracts


def _contract(source: str, name: str, entry: Mapping[str, Any]) -> CompiledContract:
    runtime = entry["evm"]["deployedBytecode"]
    return CompiledContract(
        name=name,
        source=source,
        abi=entry["abi"],
        creation=bytes.fromhex(entry["evm"]["bytecode"]["object"]),
        runtime=bytes.fromhex(runtime["object"]),
        immutables=tuple(
            (place["start"], place["length"])
            for places in runtime.get("immutableReferences", {}).values()
            for place in places
        ),
    )


def _read(path: Path) -> dict[str, Any] | None:
    """What the cache holds, or nothing where it is missing or damaged: then it is made anew."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return kept
