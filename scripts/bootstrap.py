"""Makes .venv with everything that requirements.txt names, at the versions of requirements.lock.

Standard library only, run by the host's Python. A bare Debian has neither pip nor ensurepip: then pip's
wheel is taken from Debian's own package, unpacked without being installed and without root.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from scripts.steps import (
    ROOT,
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

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".chartkey"
REQUIREMENTS = ROOT / "requirements.txt"
LOCK = ROOT / "requirements.lock"
NEEDED_MEGABYTES = 900
DEBIAN_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

NO_PIP = (
    "This Python comes without pip and ensurepip, and Debian's packages cannot be reached either: "
    "run `apt install python3-venv` as root, and then make again."
)


def main() -> None:
    with alone():
        key = f"{fingerprint(REQUIREMENTS, LOCK)} {ROOT}"
        if is_stamped(STAMP, key) and _runs(PYTHON):
            return
        say("[1/3] Python packages: about 110, 350 MB; a minute at a good connection")
        require_room(NEEDED_MEGABYTES)
        _make_empty()
        STAMP.unlink(missing_ok=True)
        run(
            [PYTHON, "-m", "pip", "install", "--no-input", "--retries", "3", "--disable-pip-version-check",
             "--progress-bar", "off", "-c", LOCK, "-r", REQUIREMENTS],
            what="the Python packages",
            # The lock also holds for what builds the three packages that come as source (pip 25.3 renamed this).
            environment={"PIP_CONSTRAINT": str(LOCK), "PIP_BUILD_CONSTRAINT": str(LOCK)},
        )  # fmt: skip
        run([PYTHON, "-m", "pip", "check"], what="the Python packages")
        write_stamp(STAMP, key)


def _make_empty() -> None:
    """A .venv with pip. One that was finished in this place is kept and brought up to date; no other is.

    The scripts in .venv/bin name their place, so that a folder that was moved or copied needs a new one.
    """
    if (
        STAMP.is_file()
        and STAMP.read_text(encoding="utf-8").endswith(f" {ROOT}\n")
        and _runs(PYTHON, "-m", "pip", "--version")
    ):
        return
    if VENV.exists():
        say(
            "    the .venv here is half made, moved, or has lost its Python: it is made anew, downloads are kept"
        )
        shutil.rmtree(VENV)
    say(f"    with Python {sys.version.split()[0]} ({sys.executable})")
    venv.create(VENV, with_pip=False, symlinks=True)
    if importlib.util.find_spec("ensurepip") and _runs(PYTHON, "-m", "ensurepip", "--default-pip"):
        return
    if _runs(sys.executable, "-m", "pip", "--python", PYTHON, "install", "--no-input", "pip"):
        return
    _install_debians_pip()


def _install_debians_pip() -> None:
    """pip out of Debian's own packages, fetched and unpacked in a folder of our own, without root."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SetupFailed(NO_PIP)
    say(
        "    this Python comes without pip: taking pip's wheel out of Debian's package python3-pip-whl"
    )
    wanted = (
        ["python3-pip-whl"]
        if DEBIAN_CERTIFICATES.is_file()
        else ["python3-pip-whl", "ca-certificates"]
    )
    with tempfile.TemporaryDirectory(prefix="chartkey-") as name:
        folder = Path(name)
        for part in ("lists/partial", "archives/partial", "unpacked"):
            (folder / part).mkdir(parents=True)
        # As root, apt would drop to a user of its own, who cannot write here.
        apt = ["apt-get", f"-oDir::State::Lists={folder}/lists", f"-oDir::Cache={folder}",
               "-oDebug::NoLocking=1", "-oAPT::Sandbox::User=root"]  # fmt: skip
        try:
            run([*apt, "update"], what="Debian's package list")
            # apt-get download writes into the current folder.
            run(["env", "-C", folder, *apt, "download", *wanted], what="Debian's pip")
            for package in folder.glob("*.deb"):
                run(["dpkg-deb", "-x", package, folder / "unpacked"], what="Debian's pip")
            wheel = next((folder / "unpacked").rglob("pip-*.whl"))
        except (SetupFailed, StopIteration):
            raise SetupFailed(NO_PIP) from None
        # A wheel of pure Python is installed by unzipping it.
        packages = next(VENV.glob("lib/python3*/site-packages"))
        zipfile.ZipFile(wheel).extractall(packages)
        if not DEBIAN_CERTIFICATES.is_file():
            _replace_debians_pip(packages, sorted((folder / "unpacked").rglob("mozilla/*.crt")))


def _replace_debians_pip(packages: Path, authorities: list[Path]) -> None:
    """Debian's pip trusts only the host's certificate authorities; where the host has none, pip's own must come.

    Those of Debian's package ca-certificates serve for this one download.
    """
    bundle = VENV / "certificates.pem"
    bundle.write_text(
        "".join(path.read_text(encoding="utf-8") for path in authorities), encoding="utf-8"
    )
    where = f"def where() -> str:\n    return {str(bundle)!r}\n\n\ndef contents() -> str:\n    return open(where()).read()\n"
    (packages / "pip" / "_vendor" / "certifi" / "core.py").write_text(where, encoding="utf-8")
    run([PYTHON, "-m", "pip", "install", "--no-input", "--upgrade", "-c", LOCK, "pip"], what="pip")


def _runs(*command: str | Path) -> bool:
    """Whether the program starts and ends well."""
    words = [str(word) for word in command]
    if len(words) == 1:
        words += ["-c", ""]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(as_command(main))
