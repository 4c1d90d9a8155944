"""Takes a picture of every page, light, dark and on a phone, into docs/screenshots.

    python -m scripts.screenshots [NAME …] [--folder FOLDER]

A node of its own, on a chain in memory, with people and charts that nobody has. With names, only those
pictures are taken anew; all others stay as they are.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Error as BrowserFault

from app.adapters import tools
from app.core.errors import ChartkeyError
from scripts.browser import chromium
from scripts.pictures import authorities, people, strangers, trial
from scripts.pictures.camera import LOOKS, Camera
from scripts.site import running_site
from scripts.steps import SetupFailed

PALETTE = Path(__file__).with_name("pictures") / "palette.mjs"
FOLDER = tools.ROOT / "docs" / "screenshots"
SCENES = (strangers.scene, trial.scene, people.scene, authorities.scene)


def take(folder: Path, wanted: Sequence[str]) -> list[str]:
    """Play all scenes before the camera; answers the names of the pictures.

    Raises SetupFailed without a Chromium, ChartkeyError where the node does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="chartkey-pictures-") as place,
        chromium() as browser,
        running_site(Path(place)) as site,
    ):
        camera = Camera(browser=browser, url=site.url, folder=folder, wanted=wanted)
        for scene in SCENES:
            scene(camera, site)
    return camera.taken


def main(words: list[str] | None = None) -> int:
    """The command line; says at the end what was written."""
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a picture, such as chart")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they go")
    chosen = parser.parse_args(words)
    try:
        taken = take(chosen.folder, chosen.names)
    except SetupFailed as missing:
        print(missing, file=sys.stderr)
        return 2
    except ChartkeyError as error:
        print(f"{error} {error.remedy}", file=sys.stderr)
        return 2
    except (BrowserFault, AssertionError) as fault:  # a page is not as a scene expects it
        print(f"A page did not come out as its scene tells it: {fault}", file=sys.stderr)
        return 1
    files = [chosen.folder / f"{name}-{look}.png" for name in taken for look, *_ in LOOKS]
    subprocess.run([*tools.node_command(), str(PALETTE), *map(str, files)], check=True)
    size = sum(file.stat().st_size for file in files) / 1e6
    print(
        f"{len(files)} pictures of {len(taken)} pages and states, {size:.1f} MB, in {chosen.folder}:"
    )
    print(", ".join(taken))
    unknown = set(chosen.names) - set(taken)
    if unknown:
        print(f"No picture is called {', '.join(sorted(unknown))}.", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
