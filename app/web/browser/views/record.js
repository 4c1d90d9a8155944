// Owns one record of one's own chart: what it says, where it comes from, and what may be done with it.
import { html, nothing } from "lit-html";
import { saveBlob, sizeOf } from "../page/files.js";
import { recordBody } from "../page/fhir/index.js";
import { categoryName } from "../page/names.js";
import { chip } from "../page/people.js";
import {
  card,
  disclosure,
  facts,
  loaded,
  notice,
  pageHeader,
  pressable,
  problem,
  progressBar,
  progressOf,
  stateBadge,
} from "../page/parts.js";
import { dayOf } from "../page/records.js";
import { _ } from "../page/texts.js";
import { moment } from "../page/times.js";

const TREND = 12;
const LARGE = 32e6;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { digest } = page.params;

  const record = page.load(async () => {
    const all = [
      ...(await page.person.chart({ history: true })),
      ...(await page.person.addressed()),
      ...(await page.person.notes()),
    ];
    const found = all.find((one) => one.digest === digest);
    if (!found) {
      throw Object.assign(new Error("no such record"), {
        sentence: _("This record is not in your chart."),
        unharmed: _("Nothing has changed."),
        remedy: _("Go back to your chart and choose it there."),
      });
    }
    return found;
  });
  const body = page.load(async ({ onProgress }) => {
    await record.settled;
    if (!record.value || record.value.size > LARGE) return null;
    return page.person.openRecord({ digest }, { onProgress });
  });
  // Earlier results of the same kind, for the trend; the record is readable without them.
  const others = page.load(async () => {
    await record.settled;
    const now = record.value;
    if (!now || !["laboratory", "vitals"].includes(now.category)) return [];
    const like = (await page.person.chart({}))
      .filter((/** @type {any} */ one) => one.category === now.category && one.digest !== digest)
      .slice(0, TREND);
    const opened = [];
    for (const one of like) opened.push(await page.person.openRecord({ digest: one.digest }));
    return opened.map(({ json }) => json).filter(Boolean);
  });

  const save = page.action(
    async ({ onProgress }) => {
      const { blob, fileName } = await page.person.saveFile({ digest }, { onProgress });
      saveBlob(blob, fileName);
    },
    { done: _("Saved.") },
  );

  const retract = page.action(async () => {
    const yes = await page.confirm({
      title: _("Stop sharing this record?"),
      text: _(
        "Nobody can open it any more, whatever permissions you gave. You keep it. What was copied before stays copied. This cannot be undone.",
      ),
      yes: _("Stop sharing it"),
      danger: true,
    });
    if (!yes) return;
    await page.person.retract({ digest });
    page.note(_("This record is no longer shared with anybody."));
    await record.again();
  });

  const erase = page.action(async () => {
    const yes = await page.confirm({
      title: _("Erase this record?"),
      text: html`<p>
          ${_("The sealed record, its keys and its letters are deleted at this node and at those that work with it. They answer with a signed receipt.")}
        </p>
        <p>
          ${_("A trace remains that something was there, without saying what. Copies that somebody made are beyond reach. This cannot be undone.")}
        </p>`,
      yes: _("Erase it for good"),
      danger: true,
    });
    if (!yes) return;
    const receipts = await page.person.erase({ digest });
    const silent = receipts.peers.filter((/** @type {any} */ one) => one.error);
    page.note(
      silent.length === 0
        ? _("The record was erased.")
        : _("The record was erased here; {count} other nodes did not answer yet.", {
            count: silent.length,
          }),
    );
    page.go("/app/chart");
  });

  const opened = (/** @type {any} */ value) =>
    value === null
      ? html`<p>
          ${_("This file is large ({size}). Save it to look at it.", { size: sizeOf(record.value?.size ?? 0) })}
        </p>`
      : recordBody(value, { others: others.value ?? [] });

  return {
    title: () => record.value?.title ?? _("Record"),
    render: () => html`
      ${pageHeader(record.value?.title ?? _("Record"), {
        back: { href: "/app/chart", label: _("My chart") },
        lead: record.value
          ? `${categoryName(record.value.category)} · ${dayOf(record.value)}`
          : undefined,
      })}
      ${loaded(
        record,
        (one) => html`
          ${
            one.isOld
              ? notice(
                  "warning",
                  html`<p>
                    ${_("This is an earlier version.")}
                    ${one.supersededBy ? html`<a href="/app/records#/${one.supersededBy}">${_("Go to the later one")}</a>` : nothing}
                  </p>`,
                )
              : nothing
          }
          ${
            one.retracted === "author"
              ? notice(
                  "warning",
                  html`<p>${_("Its author says that it was entered in error.")}</p>`,
                )
              : nothing
          }
          ${
            one.retracted === "patient"
              ? notice("calm", html`<p>${_("You no longer share this record with anybody.")}</p>`)
              : nothing
          }
          ${
            one.authentic === false
              ? notice(
                  "danger",
                  html`<p>
                    <strong>${_("Its origin does not hold.")}</strong>
                    ${_("It was not signed by somebody who could speak for its author at that time. Do not rely on it.")}
                  </p>`,
                )
              : nothing
          }
          ${card({
            body: html`${loaded(body, opened, { waiting: _("Opening") })}
            ${body.busy && body.progress ? progressBar(body.progress) : nothing}`,
          })}
          <div class="cluster">
            <a class="btn btn-secondary" href="/app/share#?record=${digest}"
              >${_("Share this record")}</a
            >
            ${one.editable ? html`<a class="btn btn-secondary" href="/app/add#?corrects=${digest}">${_("Correct it")}</a>` : nothing}
            ${pressable(save, _("Save as a file"))}
          </div>
          ${progressOf(save)} ${problem(save)}
          ${card({
            title: _("Where it comes from"),
            body: html`${facts([
              [_("Written by"), chip(one.author)],
              [_("Signed on"), moment(one.issuedAt)],
              [_("State"), stateBadge(one.state, { block: one.block })],
              [_("Size"), sizeOf(one.size)],
              [
                _("Earlier version"),
                one.supersedes
                  ? html`<a href="/app/records#/${one.supersedes}">${_("Look at it")}</a>`
                  : "",
              ],
            ])}
            ${disclosure(
              _("Stop sharing, or erase"),
              html`<p>${_("Stop sharing: nobody but you can open it any more.")}</p>
                <p>${pressable(retract, _("Stop sharing this record"), { kind: "danger" })}</p>
                <p>
                  ${_("Erase: it is deleted, here and at the nodes that work together with this one.")}
                </p>
                <p>${pressable(erase, _("Erase this record"), { kind: "danger" })}</p>
                ${progressOf(erase)} ${problem(retract)} ${problem(erase)}`,
            )}`,
          })}
        `,
      )}
    `,
    on: { anchored: () => void record.again(), letters: () => void record.again() },
  };
}
