// Owns the patient's chart: a timeline by category, what waits for a welcome, and getting it out.
import { html, nothing } from "lit-html";
import { categoryName } from "../page/names.js";
import { dropZone, saveBlob, sizeOf } from "../page/files.js";
import { offer } from "../page/offered.js";
import { chip } from "../page/people.js";
import {
  card,
  disclosure,
  emptyState,
  loaded,
  pageHeader,
  pressable,
  problem,
  progressOf,
} from "../page/parts.js";
import { categoryTabs, recordTimeline } from "../page/records.js";
import { _, ngettext, rich } from "../page/texts.js";

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  let category = page.query.get("category") ?? "";
  let history_ = false;
  const chart = page.load(() => page.person.chart({ history: history_ }));
  const addressed = page.load(() => page.person.addressed());
  const uploads = page.load(() => page.person.uploads());

  const welcome = page.action(
    async (/** @type {any} */ record) => {
      await page.person.welcome({ digest: record.digest });
      await Promise.all([chart.again(), addressed.again()]);
    },
    { done: _("It is part of your chart now.") },
  );
  const all = page.action(
    async ({ onProgress }) => {
      const { blob, fileName, failed } = await page.person.exportBundle(undefined, { onProgress });
      saveBlob(blob, fileName);
      if (failed.length > 0) {
        throw Object.assign(new Error("incomplete"), {
          sentence: ngettext(
            "One record could not be opened and is missing in the file.",
            "{count} records could not be opened and are missing in the file.",
            failed.length,
          ),
          unharmed: _("Everything else is in the file that was saved."),
          remedy: _("Try again later."),
        });
      }
    },
    { done: _("Your chart was saved as a file.") },
  );
  const resume = page.action(
    async (/** @type {any} */ upload, { onProgress }) => {
      await page.person.resumeUpload({ id: upload.id }, { onProgress });
      await Promise.all([uploads.again(), chart.again()]);
    },
    { done: _("The record is complete now.") },
  );
  const drop = page.action(async (/** @type {any} */ upload) => {
    await page.person.dropUpload({ id: upload.id });
    await uploads.again();
  });

  const waitingRecords = (/** @type {any[]} */ records) =>
    records.length === 0
      ? nothing
      : card({
          title: ngettext(
            "A record waits for your word",
            "{count} records wait for your word",
            records.length,
          ),
          body: html`
            <p>
              ${_("Others wrote these for you. Nobody else sees them until you take them into your chart.")}
            </p>
            <ul class="plain-list lines">
              ${records.map(
                (record) =>
                  html`<li class="stack">
                    <p>
                      ${rich(_("{author} wrote “{title}” in {category}."), {
                        author: chip(record.author),
                        title: html`<strong>${record.title}</strong>`,
                        category: categoryName(record.category),
                      })}
                    </p>
                    <p class="cluster">
                      ${pressable(welcome, _("Take it into my chart"), { args: [record], kind: "primary" })}
                      <a class="btn btn-secondary" href="/app/records#/${record.digest}"
                        >${_("Read it first")}</a
                      >
                    </p>
                  </li>`,
              )}
            </ul>
            ${problem(welcome)}
          `,
        });

  const interrupted = (/** @type {any[]} */ list) =>
    list.length === 0
      ? nothing
      : card({
          kind: "warning",
          title: _("A record was not sent to the end"),
          body: html`
            <p>${_("It is sealed on this device, and nothing of it is lost.")}</p>
            <ul class="plain-list lines">
              ${list.map(
                (upload) =>
                  html`<li class="stack">
                    <p>
                      <strong>${upload.title}</strong> ·
                      ${_("{done} of {size} sent", { done: sizeOf(upload.done), size: sizeOf(upload.size) })}
                    </p>
                    <p class="cluster">
                      ${pressable(resume, _("Send the rest"), { args: [upload], kind: "primary" })}
                      ${pressable(drop, _("Discard it"), { args: [upload], kind: "danger" })}
                    </p>
                  </li>`,
              )}
            </ul>
            ${progressOf(resume)} ${problem(resume)} ${problem(drop)}
          `,
        });

  const taken = (/** @type {File[]} */ files) => {
    offer(files);
    page.go("/app/add");
  };

  const timeline = (/** @type {any[]} */ records) => {
    if (records.length === 0) {
      return html`${emptyState({
        title: _("Your chart is empty"),
        text: _(
          "Add a first record: a letter from your doctor, a laboratory result, a vaccination. Or import everything that a hospital or another application gave you as a file.",
        ),
        action: html`<a class="btn btn-primary" href="/app/add">${_("Add a record")}</a>`,
      })}
      ${dropZone({
        id: "chart-file",
        label: _("Drop a file here, or choose one"),
        hint: _("PDF, image, or a FHIR bundle"),
        onFiles: taken,
      })}`;
    }
    const shown = records.filter((record) => !category || record.category === category);
    return html`
      ${categoryTabs(records, category, (value) => {
        category = value;
        page.refresh();
      })}
      <p class="visually-hidden" role="status">
        ${ngettext("{count} record is shown", "{count} records are shown", shown.length)}
      </p>
      ${recordTimeline(shown, { hrefOf: (record) => `/app/records#/${record.digest}` })}
    `;
  };

  return {
    title: () => _("My chart"),
    render: () => html`
      ${pageHeader(_("My chart"), {
        actions: html`<a class="btn btn-primary" href="/app/add">${_("Add a record")}</a>
          <a class="btn btn-secondary" href="/app/share">${_("Share")}</a>`,
      })}
      ${uploads.value ? interrupted(uploads.value) : nothing} ${problem(uploads)}
      ${addressed.value ? waitingRecords(addressed.value) : nothing} ${problem(addressed)}
      ${loaded(chart, timeline, { waiting: _("Opening your chart") })}
      ${
        chart.value?.length
          ? disclosure(
              _("History, and taking your chart with you"),
              html`
                <label class="option">
                  <input
                    class="form-check-input"
                    type="checkbox"
                    .checked=${history_}
                    @change=${(/** @type {Event} */ event) => {
                      history_ = /** @type {HTMLInputElement} */ (event.target).checked;
                      void chart.again();
                    }}
                  />
                  <span>${_("Show earlier versions too")}</span>
                </label>
                <p>
                  ${_("You can save everything as one FHIR file, which other applications can read. It is not sealed: keep it where nobody else can open it.")}
                </p>
                <p>${pressable(all, _("Save my whole chart"))}</p>
                ${progressOf(all)} ${problem(all)}
              `,
            )
          : nothing
      }
    `,
    on: {
      letters: () => {
        void chart.again();
        void addressed.again();
      },
      anchored: () => void chart.again(),
    },
  };
}
