"""Owns a person's device as tests drive it: the worker that the pages use, called without the pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from app.client.person import Person

LINK = Path(__file__).resolve().parents[3] / "app" / "web" / "browser" / "page" / "link.js"
PASSPHRASE = "correct horse battery staple"
PAGES = "**/static/main-*.js"
EVENTS = ["letters", "consent", "offline", "online", "locked", "waiting", "refused"]
PATIENCE = 120.0
LONGEST = 60_000
"""Milliseconds that one call may take before a test gives up on it."""
CONNECT = """
() => {
  %s
  const line = connect(document.documentElement.dataset.worker);
  const device = { ...line, events: [] };
  for (const event of %s) line.on(event, (told) => device.events.push([event, told]));
  const plain = async (value) => {
    if (value instanceof Blob) return { size: value.size, type: value.type, name: value.name };
    if (Array.isArray(value)) return Promise.all(value.map(plain));
    if (value === null || typeof value !== "object") return value;
    const parts = Object.entries(value).map(async ([name, part]) => [name, await plain(part)]);
    return Object.fromEntries(await Promise.all(parts));
  };
  device.call = async (method, args, options) => {
    const steps = [];
    const onProgress = (told) => steps.push(told);
    const late = new Promise((_, reject) => setTimeout(reject, %d, { name: "TooSlow", facts: method }));
    try {
      const answer = line.person[method](args, { ...options, onProgress });
      const result = await Promise.race([answer, late]);
      return { result: await plain(result), steps };
    } catch (error) {
      const { name, sentence, unharmed, remedy, facts } = error;
      return { error: { name, sentence, unharmed, remedy, facts }, steps };
    }
  };
  window.device = device;
}
"""


class Refused(Exception):
    """What the worker told instead of an answer."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(f"{told['name']}: {told['sentence']} {told['facts']}")
        self.name: str = told["name"]
        self.told = told


@dataclass
class Device:
    """One browser, with nobody's pages in it but the worker's line."""

    page: Page

    @classmethod
    def on(cls, page: Page) -> Device:
        """Keep the pages' own script away and talk to the worker instead."""
        page.context.route(PAGES, _refuse)
        device = cls(page)
        device.reload()
        return device

    def reload(self) -> None:
        """Load the page again: what was in memory is gone."""
        self.page.goto("/")
        source = LINK.read_text().replace("export ", "")
        self.page.evaluate(CONNECT % (source, EVENTS, LONGEST))

    def tab(self) -> Device:
        """Another tab of the same browser."""
        other = Device(self.page.context.new_page())
        other.reload()
        return other

    def call(self, method: str, **args: Any) -> Any:
        """A method's answer; raises Refused."""
        told = self.page.evaluate("([m, a]) => window.device.call(m, a, {})", [method, args])
        if "error" in told:
            raise Refused(told["error"])
        return told["result"]

    def refusal(self, method: str, **args: Any) -> str:
        """The name of the error with which a method is refused."""
        try:
            answer = self.call(method, **args)
        except Refused as refused:
            return refused.name
        raise AssertionError(f"{method} was not refused: {answer}")

    def run(self, script: str, argument: Any = None) -> Any:
        """JavaScript with `person`, for what has no form in JSON; errors are told by name."""
        wrapped = f"async (given) => {{ const {{ person }} = window.device; {script} }}"
        return self.page.evaluate(wrapped, argument)

    def events(self, name: str) -> list[Any]:
        """What was told under that name so far."""
        heard = self.page.evaluate("() => window.device.events")
        return [told for event, told in heard if event == name]

    def until(self, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds anything: news come by the live feed."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := look():
                return found
            self.page.wait_for_timeout(50)  # lets the page hear its events
        raise AssertionError("it did not come about")

    def leave(self) -> None:
        """Sign out and forget what was told, so that the next test finds the device as it was."""
        context = self.page.context
        context.unroute_all()
        context.route(PAGES, _refuse)
        context.set_offline(False)
        for page in context.pages:
            if page != self.page:
                page.close()
        try:
            self.call("signOut")
        except Refused as refused:
            if refused.name != "SignInNeeded":  # the test has done so itself
                raise
        self.page.evaluate("() => window.device.events.splice(0)")

    # what tests begin with

    def sign_in(self, person: Person) -> None:
        """As somebody who enrolled elsewhere, with the recovery words."""
        self.call("signIn", words=person.vault.phrase.split())

    def join(self, name: str, *, patient: bool = False, **options: Any) -> str:
        """Enrol with a wallet of our own; answers the address."""
        begun = self.call("startEnrolment", wallet="own")
        self.call(
            "finishEnrolment", displayName=name, passphrase=PASSPHRASE, patient=patient, **options
        )
        return str(begun["address"])

    def give(self, viewer: str, seconds: int = 3600, **what: Any) -> str:
        """Sign and hand in a permission; answers its digest."""
        expires = int(time.time()) + seconds
        prepared = self.call("prepareGrant", viewer=viewer, expiresAt=expires, **what)
        return str(self.call("commit", draft=prepared["draft"])["digest"])

    def write(self, category: str = "vitals", title: str = "Pulse", **about: Any) -> str:
        """Add a record of one Observation; answers its digest."""
        body = {"resourceType": "Observation", "status": "final", "valueInteger": 60}
        about = {"json": body, "category": category, "title": title, **about}
        return str(self.call("addRecord", **about)["digest"])


def _refuse(route: Route) -> None:
    route.abort()
