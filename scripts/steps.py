"""One step of set-up: shown while it runs, stamped when it is done, explained in one sentence when it fails.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
LOG = TOOLS / "setup.log"
HEARTBEAT_SECONDS = 10
MEGABYTE = 1_000_000


class SetupFailed(Exception):
    """One sentence: what is wrong, and the way out."""


# The first pattern found in what a step printed tells what went wrong; `{what}` is what the step was getting.
EXPLANATIONS: tuple[tuple[str, str], ...] = (
    (
        r"ENOSPC|No space left on device|EDQUOT|Disk quota exceeded",
        "The disk is full: free about 1.5 GB (here, in the temporary folder and in ~/.cache), and run make again.",
    ),
    (
        r"EROFS|EACCES|Permission denied|Read-only file system",
        "A folder may not be written, see {log}: give this user the project folder, ~/.cache and ~/.npm, "
        "and run make again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|certificate verify failed",
        "The certificate of the server of {what} is not trusted here: name your proxy's certificate in PIP_CERT "
        "and NODE_EXTRA_CA_CERTS, and run make again.",
    ),
    (
        r"ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ENETUNREACH|EHOSTUNREACH|Connection refused"
        r"|NewConnectionError|Max retries exceeded|ConnectTimeout|ReadTimeout|Read timed out|ProxyError"
        r"|Temporary failure in name resolution|Name or service not known|Could not resolve"
        r"|Failed to fetch|Network is unreachable|Connection (aborted|reset|broken)|[Nn]etwork request to"
        r"|no such host|connect: connection refused|i/o timeout",
        "No network: {what} cannot be reached. Connect (behind a proxy, set HTTPS_PROXY), and run make again; "
        "it goes on from here.",
    ),
    (
        r"No matching distribution found|E404|ETARGET|404 Not Found",
        "The index in use does not have all of {what}, see {log}: use one that does (PIP_INDEX_URL, "
        "npm config registry), and run make again.",
    ),
    (
        r"requires go >= \S+ \(running go",
        "{what} needs a newer Go than the one here, see {log}: install one, and run make again.",
    ),
    (
        r"EINTEGRITY|DO NOT MATCH THE HASHES|checksum mismatch",
        "What was downloaded of {what} is not what the lock file names, see {log}: clear the cache "
        "(npm cache clean --force; pip cache purge; go clean -modcache), and run make again.",
    ),
)


def say(text: str) -> None:
    print(text, flush=True)


def explain(output: str, *, what: str) -> str:
    """The one sentence for a failed step, from what its program printed."""
    for pattern, sentence in EXPLANATIONS:
        if re.search(pattern, output):
            return sentence.format(what=what, log=LOG.relative_to(ROOT))
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it said nothing"]
    # npm and pip put the fault first and advice after it.
    telling = next(
        (line for line in lines if re.search(r"ERROR: |npm error (?!code)\S", line)), lines[-1]
    )
    return f"Setting up {what} failed ({telling[:200]}); all of its output is in {LOG.relative_to(ROOT)}."


def fingerprint(*parts: Path | str) -> str:
    """SHA-256 over files' contents and words; a stamp with it is current while none has changed."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def is_stamped(stamp: Path, key: str) -> bool:
    try:
        return stamp.read_text(encoding="utf-8").strip() == key
    except OSError:
        return False


def write_stamp(stamp: Path, key: str) -> None:
    """Written last and in one piece: a step without its stamp was not finished."""
    draft = stamp.with_name(stamp.name + ".new")
    draft.write_text(key + "\n", encoding="utf-8")
    draft.replace(stamp)


def require_room(megabytes: int) -> None:
    """Raises before a long download where the disk cannot hold it."""
    free = shutil.disk_usage(ROOT).free // MEGABYTE
    if free < megabytes:
        raise SetupFailed(
            f"The disk is full: {free} MB are free in {ROOT} and set-up needs {megabytes}; "
            "free some, and run make again."
        )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time: a second one waits for the first and finds its work done."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running here; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Runs one program with a sign of life every ten seconds; its output goes to the log and is returned.

    Raises SetupFailed with the sentence that fits what the program printed.
    """
    words = [str(word) for word in command]
    started = time.monotonic()
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        lines: deque[str] = deque(maxlen=2_000)
        # The output is kept in memory too: on a full disk the log cannot tell why.
        reader = threading.Thread(target=_collect, args=(process, lines), daemon=True)
        reader.start()
        try:
            while True:
                try:
                    process.wait(
                        HEARTBEAT_SECONDS if timeout is None else min(HEARTBEAT_SECONDS, timeout)
                    )
                    break
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - started
                    if timeout is not None and seconds >= timeout:
                        raise SetupFailed(
                            f"{what} took longer than {timeout:.0f} seconds."
                        ) from None
                    say(f"    … {seconds:.0f} s, {lines[-1].strip()[:90] if lines else 'starting'}")
        finally:
            if process.poll() is None:
                process.terminate()
        reader.join()
    output = "".join(lines)
    if process.returncode != 0:
        raise SetupFailed(explain(output, what=what))
    return output


def _collect(process: subprocess.Popen[str], lines: deque[str]) -> None:
    assert process.stdout is not None
    with contextlib.ExitStack() as stack:
        log = None
        with contextlib.suppress(OSError):
            log = stack.enter_context(LOG.open("ab", buffering=0))
        for line in process.stdout:
            lines.append(line)
            if log is not None:
                with contextlib.suppress(OSError):
                    log.write(line.encode())


def as_command(step: Callable[[], None]) -> int:
    """Runs a set-up function as a command: exit code 0, or one sentence and 1."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        step()
    except SetupFailed as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    except OSError as fault:
        print(
            f"\n{explain(f'{fault.strerror}: {fault.filename}', what='the project folder')}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nStopped; run make again and it goes on from here.", file=sys.stderr)
        return 130
    return 0
