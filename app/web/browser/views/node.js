// Owns an administrator's page: whether the node does its work, what waits, what went wrong.
import { html, nothing } from "lit-html";
import { numberFormat } from "../page/formats.js";
import { icon } from "../page/icons.js";
import { card, disclosure, facts, loaded, notice, pageHeader } from "../page/parts.js";
import { _, ngettext } from "../page/texts.js";
import { ago, clock, now } from "../page/times.js";

const EACH = 10_000;
/** Seconds after which what was accepted should long have been written down. */
const LONG = 600;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  let lookedAt = 0;
  const node = page.load(async () => {
    const found = await page.person.node();
    lookedAt = now();
    return found;
  });
  const again = () => {
    if (!node.busy && !document.hidden) void node.again();
  };
  const ticking = setInterval(again, EACH);
  document.addEventListener("visibilitychange", again);

  return {
    title: () => _("This node"),
    render: () => html`
      ${pageHeader(_("This node"), {
        lead: lookedAt
          ? _("As of {time}. It looks again by itself every ten seconds.", { time: clock(lookedAt) })
          : nothing,
        actions: html`<button type="button" class="btn btn-secondary" @click=${again}>
          ${_("Look now")}
        </button>`,
      })}
      ${loaded(node, whole)}
    `,
    on: { block: again },
    stop() {
      clearInterval(ticking);
      document.removeEventListener("visibilitychange", again);
    },
  };
}

/** @param {any} node */
function whole(node) {
  return html`
    <div role="status">
      ${node.ready
        ? notice("good", html`<p><strong>${_("The node is ready.")}</strong></p>`)
        : notice(
            "danger",
            html`<p><strong>${_("The node is not ready.")}</strong></p>
              <p>
                ${_("What was accepted before is kept. See below which part does not answer.")}
              </p>`,
          )}
    </div>
    <div class="cards cards-two">
      ${parts(node.parts)} ${queue(node.gauges)} ${custodians(node.custodians)}
      ${people(node.people)}
    </div>
    ${errors(node.errors)} ${everything(node)}
  `;
}

/** Whether a part works, and in words why it does not. @param {boolean} ok @param {string} [error] */
const mark = (ok, error) =>
  html`<span class="cluster">
    <span class="mark-${ok ? "good" : "bad"}">${icon(ok ? "check" : "warning")}</span>
    <span>${ok ? _("works") : reasonOf(error ?? "")}</span>
  </span>`;

/** @param {string} error the name of an error @returns {unknown} */
function reasonOf(error) {
  /** @type {Record<string, string>} */
  const words = {
    BalanceTooLow: _("has too little to pay with"),
    ChainStale: _("has had no new block for too long"),
    ForeignChain: _("is another chain than ours"),
    EndpointsDisagree: _("its endpoints disagree"),
  };
  if (words[error]) return words[error];
  if (!error || /Unreachable$/.test(error)) return _("does not answer");
  return html`${_("fails:")} <code>${error}</code>`;
}

/** @param {Record<string, any>} found */
function parts(found) {
  /** @type {Record<string, string>} */
  const names = {
    database: _("Database"),
    chain: _("Chain"),
    bodies: _("Store of sealed records"),
    relayer: _("Relayer"),
  };
  return card({
    title: _("What it leans on"),
    body: html`<ul class="plain-list lines">
      ${Object.entries(found).map(
        ([name, { ok, error }]) => html`<li class="part-line">
          <strong>${names[name] ?? name}</strong>
          ${mark(ok, error)}
        </li>`,
      )}
    </ul>`,
  });
}

/** @param {Record<string, number>} gauges */
function queue(gauges) {
  const waiting = (gauges.waiting_digests ?? 0) + (gauges.waiting_calls ?? 0);
  const oldest = gauges.oldest_waiting_seconds ?? 0;
  return card({
    title: _("On its way"),
    kind: oldest > LONG ? "warning" : "plain",
    body: html`
      ${gauges.database_up === 0
        ? html`<p>${_("The database does not answer, so nobody knows.")}</p>`
        : html`<p class="figure">
              ${ngettext("{count} statement waits", "{count} statements wait", waiting)}
            </p>
            ${oldest > LONG
              ? notice(
                  "warning",
                  html`<p>
                    ${ngettext(
                      "The oldest waits for a minute. Look at the chain and the relayer's balance.",
                      "The oldest waits for {count} minutes. Look at the chain and the relayer's balance.",
                      Math.floor(oldest / 60),
                    )}
                  </p>`,
                )
              : nothing}`}
      ${facts([
        [_("The oldest waits"), waiting ? seconds(oldest) : ""],
        [_("Transactions under way"), number(gauges.transactions_under_way)],
        [_("Not published yet"), bytes(gauges.unpublished_bytes)],
        [_("Newest block"), number(gauges.head_block)],
        [_("Blocks not read yet"), number(gauges.index_lag_blocks)],
        [_("The relayer can pay"), gauges.relayer_balance_wei === undefined ? "" : ether(gauges)],
      ])}
    `,
  });
}

/** @param {any[]} all */
function custodians(all) {
  return card({
    title: _("Custodians"),
    body: all.length
      ? html`<ul class="plain-list lines">
          ${all.map(
            ({ url, name, ready, error }) => html`<li class="part-line">
              <span>
                <strong>${name || url}</strong>
                <span class="muted small">${name ? url : nothing}</span>
              </span>
              ${mark(ready, error)}
            </li>`,
          )}
        </ul>`
      : html`<p>${_("This node names no custodian. Patients need some to share anything.")}</p>`,
  });
}

/** @param {Record<string, number>} counts */
function people(counts) {
  /** @type {Record<string, string>} */
  const names = {
    enrolled: _("People registered"),
    credentialed: _("Credentials given"),
    registrars: _("Registrars appointed"),
  };
  return card({
    title: _("People"),
    body: facts(
      Object.entries(counts ?? {}).map(([name, count]) => [names[name] ?? spaced(name), number(count)]),
    ),
  });
}

/** @param {{error: string, count: number, last: number}[]} all */
function errors(all) {
  return card({
    title: _("What went wrong"),
    body: all.length
      ? html`<ul class="plain-list lines">
          ${all.map(
            ({ error, count, last }) => html`<li class="part-line">
              <code>${error}</code>
              <span>
                ${ngettext("once, {when}", "{count} times, last {when}", count, { when: ago(last) })}
              </span>
            </li>`,
          )}
        </ul>`
      : html`<p>${_("Nothing since the node was started.")}</p>`,
  });
}

/** What the cards leave out, for who wants to know. @param {any} node */
function everything({ gauges, version }) {
  return disclosure(
    _("All figures"),
    facts([
      [_("Version"), version ?? ""],
      .../** @type {[string, string][]} */ (
        Object.entries(gauges ?? {})
          .sort(([a], [b]) => a.localeCompare(b))
          .map(([name, value]) => [spaced(name), number(Number(value))])
      ),
    ]),
  );
}

/** @param {string} name */
const spaced = (name) => name.replaceAll("_", " ");

const plain = numberFormat();
const coins = numberFormat({ maximumFractionDigits: 6 });

/** @param {number | undefined} value @returns {string} */
const number = (value) => (value === undefined ? "" : plain(value));

/** @param {number} value */
const seconds = (value) =>
  value < 120
    ? ngettext("{count} second", "{count} seconds", value)
    : ngettext("{count} minute", "{count} minutes", Math.floor(value / 60));

/** @param {number | undefined} value */
const bytes = (value) => (value ? _("{size} kB", { size: number(Math.ceil(value / 1000)) }) : "");

/** @param {Record<string, number>} gauges */
const ether = ({ relayer_balance_wei: wei }) =>
  `${coins(wei / 1e18)} ETH`;
