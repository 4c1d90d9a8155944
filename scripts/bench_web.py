"""Measures the pages in a real browser: their weight, the first paint, and sealing and opening in the worker.

A node of its own with three custodians over HTTP, in one process; Chromium and all of it share the cores.
What a worker's call takes is read from the messages between page and worker, while the real page is used
as a person does. Where no Chromium is installed, SetupFailed says so.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from app.demo.trial import synthetic_bundle
from app.web.built import MANIFEST, STATIC
from scripts.bench_table import Row
from scripts.browser import chromium, profile_on_disk
from scripts.joining import newcomer, practitioner, sign_in
from scripts.site import Site, running_site

PATIENCE = 180_000
"""Milliseconds that one step on a page may take."""
IMPORTED = re.compile(r'(?:from|import)\s*"\./([^"]+)"')
LISTEN = """
(() => {
  const calls = (window.benchCalls = []);
  const tasks = (window.benchTasks = []);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ startTime, duration });
  }).observe({ type: "longtask", buffered: true });
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const call = calls.find((one) => one.id === data.id);
        if (!call || call.ended) return;
        if (data.progress) call.steps[data.progress.step] = performance.now();
        else Object.assign(call, { ended: performance.now(), failed: Boolean(data.error) });
      });
    }
    postMessage(message, ...more) {
      if (message.method) {
        const { id, method } = message;
        calls.push({ id, method, begun: performance.now(), ended: 0, failed: false, steps: {} });
      }
      super.postMessage(message, ...more);
    }
  };
})();
"""
"""Notes each call of the worker, when each of its steps was told last, and long tasks of the page."""

ROWS = (
    Row(
        key="page_kb",
        title="a first visit, without fonts and sealing, kB compressed",
        target=300,
    ),
    Row(key="sealing_kb", title="the worker that seals, kB compressed"),
    Row(key="fonts_kb", title="the fonts, kB"),
    Row(key="first_paint_ms", title="first contentful paint of a cold profile, ms", target=1000),
    Row(key="hash_mb_per_second", title="100 MB added: the first pass that hashes, MB/s"),
    Row(
        key="seal_mb_per_second",
        title="100 MB added: sealed into the browser's private files, MB/s",
        target=40,
        at_least=True,
    ),
    Row(key="upload_mb_per_second", title="100 MB added: handed to the node, MB/s"),
    Row(
        key="longest_task_ms",
        title="the page's longest task meanwhile, ms",
        target=200,
        beside="50 ms is what a browser calls a long task",
    ),
    Row(key="open_mb_per_second", title="opening 100 MB with all checks, MB/s"),
    Row(
        key="openings_per_second",
        title="records of 1 kB opened per second with one signature",
        beside="2 of 3 custodians over HTTP",
    ),
    Row(key="import_seconds", title="a chart of 32 records imported, seconds"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything; a test takes less."""

    bytes: int = 100_000_000
    records: int = 200
    profiles: int = 5


def run(sizes: Sizes | None = None) -> dict[str, float]:
    """Measure everything; the keys are those of ROWS. Raises SetupFailed without a Chromium."""
    sizes = sizes or Sizes()
    with (
        chromium() as browser,
        tempfile.TemporaryDirectory(prefix="chartkey-bench-web-") as name,
        running_site(Path(name) / "node") as site,
    ):
        figures = _first_visit(browser, site)
        figures["first_paint_ms"] = _first_paint(browser, site, sizes.profiles)
        figures |= _large_file(browser, site, Path(name), sizes.bytes)
        figures["openings_per_second"] = _openings(browser, site, sizes.records)
        figures["import_seconds"] = _import(browser, site)
    return {row.key: figures[row.key] for row in ROWS}


def _first_visit(browser: Browser, site: Site) -> dict[str, float]:
    """What comes over the wire until the landing page is there, as Chromium counts it."""
    context = browser.new_context(base_url=site.url)
    finished: list[Request] = []
    context.on("requestfinished", lambda request: finished.append(request))
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    entries = json.loads((STATIC / MANIFEST).read_bytes())["entries"]
    sealing = _with_imports(entries["worker"]) - _with_imports(entries["main"])
    weight = {"page_kb": 0, "sealing_kb": 0, "fonts_kb": 0}
    for request in finished:
        name, sizes = request.url.rpartition("/")[2], request.sizes()
        part = "fonts" if name.endswith(".woff2") else "sealing" if name in sealing else "page"
        # of the worker's own script Chromium tells no length; its response does
        body = sizes["responseBodySize"] or _told_length(request)
        weight[f"{part}_kb"] += body + sizes["responseHeadersSize"]
    context.close()
    return {key: round(size / 1e3, 1) for key, size in weight.items()}


def _told_length(request: Request) -> int:
    response = request.response()
    told = response.header_value("content-length") if response else None
    return int(told or 0)


def _with_imports(name: str) -> set[str]:
    """A script and all that it imports before it runs."""
    found, open_ = set[str](), [name]
    while open_:
        one = open_.pop()
        if one not in found:
            found.add(one)
            open_ += IMPORTED.findall((STATIC / one).read_text(encoding="utf-8"))
    return found


def _first_paint(browser: Browser, site: Site, profiles: int) -> float:
    times = []
    for _ in range(profiles):
        context = browser.new_context(base_url=site.url)
        page = context.new_page()
        page.goto("/")
        page.get_by_role("button", name="Sign in").first.wait_for()
        [paint] = page.evaluate(
            "() => performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)"
        )
        times.append(paint)
        context.close()
    return round(statistics.median(times), 1)


def _visitor(browser: Browser, site: Site) -> Page:
    return _listening(browser.new_context(base_url=site.url))


def _listening(context: BrowserContext) -> Page:
    context.set_default_timeout(PATIENCE)
    context.add_init_script(LISTEN)
    return context.new_page()


def _call(page: Page, method: str) -> dict[str, Any]:
    """The last call of a method, when it has ended; one that failed is no measurement."""
    last = f"window.benchCalls.findLast((one) => one.method === '{method}')"
    page.wait_for_function(f"() => {last}?.ended", timeout=PATIENCE)
    call: dict[str, Any] = page.evaluate(f"() => {last}")
    if call["failed"]:
        raise AssertionError(f"{method} failed: {page.get_by_role('alert').all_inner_texts()}")
    return call


def _seconds(call: Mapping[str, Any]) -> float:
    return float(call["ended"] - call["begun"]) / 1000


def _large_file(browser: Browser, site: Site, folder: Path, size: int) -> dict[str, float]:
    """Add a file by the page of adding, and save it again from its own page; in a profile on disk."""
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(0, size, 1_000_000):
            file.write(os.urandom(min(1_000_000, size)))
    with profile_on_disk(browser.browser_type, folder / "profile", site.url) as context:
        page = _listening(context)
        sign_in(page, newcomer(site, patient=True))
        page.goto("/app/add")
        page.get_by_label("Drop a file here, or choose one").set_input_files(path)
        page.get_by_role("button", name="Sign and add it").click()
        call = _call(page, "addRecord")
        tasks = page.evaluate("() => window.benchTasks")
        page.get_by_role("button", name="Save as a file").click()
        opened = _seconds(_call(page, "saveFile"))
    ends = [call["begun"], *(call["steps"][step] for step in ("hash", "seal", "upload"))]
    names = ("hash_mb_per_second", "seal_mb_per_second", "upload_mb_per_second")
    figures = {
        name: round(size / 1e3 / (end - begin), 1)
        for name, begin, end in zip(names, ends, ends[1:], strict=False)
    }
    during = [
        task["duration"] for task in tasks if call["begun"] <= task["startTime"] <= call["ended"]
    ]
    figures["longest_task_ms"] = round(max(during, default=0.0), 1)
    figures["open_mb_per_second"] = round(size / 1e6 / opened, 1)
    return figures


def _openings(browser: Browser, site: Site, count: int) -> float:
    """A doctor opens every record of a category by one press."""
    patient, doctor = newcomer(site, patient=True), practitioner(site, "Dr. Bench")
    for number in range(count):
        text = f"{number:04} ".encode() * 205
        patient.write(text, category="vitals", media_type="text/plain", title=f"Reading {number}")
    patient.grant(doctor.address, category="vitals")
    site.settle()
    page = _visitor(browser, site)
    sign_in(page, doctor)
    page.goto("/app/patients")
    page.get_by_role("link", name=re.compile("^Open the chart")).click()
    page.get_by_role("button", name=f"Open all {count}").click()
    rate = count / _seconds(_call(page, "openMany"))
    page.context.close()
    return round(rate, 1)


def _import(browser: Browser, site: Site) -> float:
    page = _visitor(browser, site)
    sign_in(page, newcomer(site, patient=True))
    page.goto("/app/add")
    page.get_by_label("Drop a file here, or choose one").set_input_files(
        {"name": "chart.json", "mimeType": "application/fhir+json", "buffer": synthetic_bundle()}
    )
    page.get_by_role("button", name="Import it").click()
    seconds = _seconds(_call(page, "importBundle"))
    page.context.close()
    return round(seconds, 1)
