"""Owns the demo's frame: which chart, which custodians, and how it ends."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from app import embedded
from app.adapters.custodian_client import HttpCustodian
from app.adapters.processes import require_free
from app.config import Settings
from app.core.bundles import Chart, is_complete, split
from app.core.errors import CannotStart, ChartkeyError, InvalidBundle
from app.demo.acts import ACTS, raise_curtain, statements_folder
from app.demo.story import Story, StoryBroken
from app.demo.trial import SEED, synthetic_bundle
from app.embedded import Embedded
from app.running import told_by_signals
from app.together import Together, running

PORT = 8000
SOON = 1
"""Seconds for which what a person signs in the pages waits for company; nobody pays for the blocks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The demo's options."""
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="a FHIR R4 bundle (JSON)")
    parser.add_argument("--custodians", type=int, default=3, metavar="N")
    parser.add_argument("--threshold", type=int, default=2, metavar="T")
    parser.add_argument("--data", type=Path, default=embedded.FOLDER, metavar="FOLDER")
    parser.add_argument("--anvil", action="store_true", help="a fresh chain in memory")
    parser.add_argument("--json", action="store_true", help="print it for machines")
    parser.add_argument(
        "--serve", action="store_true", help="then serve the pages, until Ctrl-C ends everything"
    )


def read_bundle(path: Path | None) -> bytes:
    """The bundle to tell the story on; raises InvalidBundle where it cannot be read."""
    if path is None:
        return synthetic_bundle()
    try:
        return path.read_bytes()
    except OSError as cause:
        raise InvalidBundle(f"The file {path.name} cannot be read.") from cause


@contextmanager
def services_of(place: Embedded) -> Iterator[Together]:
    """Every service of the place, in this process; its people meet the custodians over HTTP."""
    with ExitStack() as stack:
        try:
            services = stack.enter_context(_services_at(place, PORT))
        except CannotStart:  # somebody listens there already
            other = require_free(0, "The web service")
            services = stack.enter_context(_services_at(place, other))
        place.node.custodians = [HttpCustodian(url) for url in services.custodians]
        yield services


def _services_at(place: Embedded, port: int) -> AbstractContextManager[Together]:
    own = replace(Settings.from_environment({}), data=place.folder, bind=("127.0.0.1", port))
    return running(place, own)


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
        with services_of(place) as services:
            _tell(story, place, chart)
            _conclude(story, options, chart, place)
            if options.serve and story.ok:
                _serve(services, place)
    return 0 if story.ok else 1


def _tell(story: Story, place: Embedded, chart: Chart) -> None:
    """Act after act, to the end or to a step that failed and on which the next ones stand."""
    try:
        stage = raise_curtain(place, story, chart)
        for act in ACTS:
            act(stage)
    except StoryBroken:
        story.say("\nThe story ends here: a step failed on which the next ones stand.")
    except (ChartkeyError, StopIteration, IndexError) as error:
        with story.step("The story goes on to its end") as step:
            step.ok, step.outcome = False, f"{type(error).__name__}: {error}"


def _conclude(story: Story, options: argparse.Namespace, chart: Chart, place: Embedded) -> None:
    """Say what came of it, or print it for machines."""
    if options.json:
        print(
            story.as_json(
                entries=chart.entry_count,
                records=len(chart.records),
                custodians=options.custodians,
                threshold=options.threshold,
            )
        )
        return
    folder = statements_folder(place)
    done = sum(step.ok for step in story.steps)
    story.say(f"\n{done} of {len(story.steps)} steps came out as told.")
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    story.say(f"Statements to verify: {shown}/record.json and {shown}/grant.json")


def _serve(services: Together, place: Embedded) -> None:
    """Serve the pages until somebody says that it is enough."""
    if place.node.relayer is not None:
        place.node.relayer.plan = replace(place.node.relayer.plan, batch_seconds=SOON)
    print(
        f"""
Now see it for yourself: open {services.url.replace("127.0.0.1", "localhost")}
and press "Try it: three minutes": share a record, open it as the doctor, take it back.
Everything stays on this machine. Ctrl-C ends it; what was accepted is kept.""",
        flush=True,
    )
    with told_by_signals() as stop:
        while not (stop.wait(1.0) or services.crew.is_broken):
            pass
