"""Owns the demo's frame: which chart, which custodians, and how it ends."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app import embedded
from app.adapters import tools
from app.adapters.custodian_client import HttpCustodian
from app.config import Settings
from app.core.bundles import is_complete, split
from app.core.errors import CannotStart, ChartkeyError, InvalidBundle
from app.demo.acts import ACTS, raise_curtain, statements_folder
from app.demo.story import Story, StoryBroken
from app.together import running

SEED = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The demo's options."""
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="a FHIR R4 bundle (JSON)")
    parser.add_argument("--custodians", type=int, default=3, metavar="N")
    parser.add_argument("--threshold", type=int, default=2, metavar="T")
    parser.add_argument("--data", type=Path, default=embedded.FOLDER, metavar="FOLDER")
    parser.add_argument("--anvil", action="store_true", help="a fresh chain in memory")
    parser.add_argument("--json", action="store_true", help="print it for machines")


def synthetic_bundle() -> bytes:
    """The default chart: an obviously synthetic patient, the same at every run."""
    command = [sys.executable, "-m", "scripts.synthetic", "--seed", str(SEED)]
    try:
        made = subprocess.run(command, cwd=tools.ROOT, capture_output=True, check=True)
    except subprocess.CalledProcessError as cause:
        raise CannotStart(program="The synthetic patient", reason="its script failed") from cause
    return made.stdout


def read_bundle(path: Path | None) -> bytes:
    """The bundle to tell the story on; raises InvalidBundle where it cannot be read."""
    if path is None:
        return synthetic_bundle()
    try:
        return path.read_bytes()
    except OSError as cause:
        raise InvalidBundle(f"The file {path.name} cannot be read.") from cause


@contextmanager
def services_of(place: embedded.Embedded) -> Iterator[None]:
    """Every service of the place, in this process; its people meet the custodians over HTTP."""
    settings = replace(Settings.from_environment({}), data=place.folder, bind=("127.0.0.1", 0))
    with running(place, settings) as services:
        place.node.custodians = [HttpCustodian(url) for url in services.custodians]
        yield


def run(options: argparse.Namespace) -> int:
    """Tell the story; 0 only if every refusal and every opening came out as told."""
    story = Story(for_machines=options.json)
    source = read_bundle(options.bundle)
    chart = split(source)
    if not is_complete(source, chart.records):
        raise InvalidBundle("Splitting the bundle would lose a part of it.")
    if len({record.category for record in chart.records}) < 3:
        raise InvalidBundle("The demo needs a chart with records of three categories or more.")
    name = options.bundle.name if options.bundle else f"the synthetic patient, seed {SEED}"
    story.say(
        f"Chartkey tells the story of {name}: {chart.entry_count} entries, {len(source):,} bytes"
    )
    with embedded.start(
        options.data,
        custodians=options.custodians,
        threshold=options.threshold,
        anvil=options.anvil,
        say=story.say,
    ) as place:
        story.settled = place.node.settled
        try:
            with services_of(place):
                stage = raise_curtain(place, story, chart)
                for act in ACTS:
                    act(stage)
        except StoryBroken:
            story.say("\nThe story ends here: a step failed on which the next ones stand.")
        except (ChartkeyError, StopIteration, IndexError) as error:
            with story.step("The story goes on to its end") as step:
                step.ok, step.outcome = False, f"{type(error).__name__}: {error}"
        folder = statements_folder(place)
    if options.json:
        about = {
            "entries": chart.entry_count,
            "records": len(chart.records),
            "custodians": options.custodians,
            "threshold": options.threshold,
        }
        print(story.as_json(**about))
    else:
        done = sum(step.ok for step in story.steps)
        story.say(f"\n{done} of {len(story.steps)} steps came out as told.")
        shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
        story.say(f"Statements to verify: {shown}/record.json and {shown}/grant.json")
    return 0 if story.ok else 1
