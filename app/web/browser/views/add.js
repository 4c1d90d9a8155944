// Owns adding to one's chart: a note, a file, a FHIR bundle, or a correction of an own record.
import { html, nothing } from "lit-html";
import { choice, textField } from "../page/fields.js";
import { dropZone, mediaTypeOf, sizeOf } from "../page/files.js";
import { categories, categoryName } from "../page/names.js";
import { takeOffered } from "../page/offered.js";
import { card, facts, notice, pageHeader, pressable, problem, progressOf } from "../page/parts.js";
import { _, ngettext } from "../page/texts.js";
import { dayField, now } from "../page/times.js";

/** @param {Blob} file */
async function isBundle(file) {
  const head = await file.slice(0, 4096).text();
  return (
    /"resourceType"\s*:\s*"Bundle"/.test(head) ||
    JSON.parse(await file.text()).resourceType === "Bundle"
  );
}

/**
 * What somebody wrote themselves, as FHIR says it.
 * @param {{title: string, text: string, day: string}} note
 */
function noteOf({ title, text, day }) {
  return {
    resourceType: "DocumentReference",
    status: "current",
    type: { text: title },
    date: `${day}T12:00:00Z`,
    content: [
      {
        attachment: {
          contentType: "text/plain; charset=utf-8",
          title,
          data: btoa(String.fromCharCode(...new TextEncoder().encode(text))),
        },
      },
    ],
  };
}

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const corrects = page.query.get("corrects") ?? "";
  const once = crypto.randomUUID();
  /** @type {File | null} */
  let file = null;
  let mediaType = "";
  let bundle = false;
  let title = "";
  let text = "";
  let category = "documents";
  let day = dayField(now());
  let done = false;

  const original = page.load(async () => {
    if (!corrects) return null;
    const all = await page.person.chart({ history: true });
    const found = all.find((/** @type {any} */ one) => one.digest === corrects) ?? null;
    if (found) [title, category] = [found.title, found.category];
    return found;
  });

  const choose = page.action(async (/** @type {File} */ taken) => {
    const type = await mediaTypeOf(taken);
    bundle = type === "application/fhir+json" && !corrects && (await isBundle(taken));
    [file, mediaType] = [taken, type];
    title ||= taken.name.replace(/\.[A-Za-z0-9]{1,5}$/, "");
    if (type.startsWith("image/") || type === "application/dicom") category = "imaging";
  });

  const importAll = page.action(async ({ onProgress }) => {
    const { count } = await page.person.importBundle({ file }, { onProgress, once });
    done = true;
    page.note(
      ngettext(
        "One record was added to your chart.",
        "{count} records were added to your chart.",
        count,
      ),
    );
    page.go("/app/chart");
  });

  const save = page.action(async ({ onProgress }) => {
    const content = file
      ? { file, mediaType }
      : { json: noteOf({ title, text, day }), mediaType: "application/fhir+json" };
    const { digest } = corrects
      ? await page.person.correct({ digest: corrects, title, ...content }, { onProgress, once })
      : await page.person.addRecord(
          { category, title, occurred: day, ...content },
          { onProgress, once },
        );
    done = true;
    page.note(_("It is part of your chart now."));
    page.go(`/app/records#/${digest}`);
  });

  const [dropped] = takeOffered();
  if (dropped) void choose.run(dropped);

  const fileCard = () =>
    html`${facts([
        [_("File"), file?.name],
        [_("Size"), sizeOf(file?.size ?? 0)],
      ])}
      <p>
        <button
          type="button"
          class="btn btn-quiet"
          @click=${() => {
            file = null;
            bundle = false;
            page.refresh();
          }}
        >
          ${_("Choose another file")}
        </button>
      </p>`;

  const bundleForm = () =>
    card({
      title: _("A whole chart in one file"),
      body: html`
        ${fileCard()}
        ${
          page.me?.wallet === "browser"
            ? notice(
                "warning",
                _("Your wallet will ask you twice for each of these records. For a long chart, sign in with the wallet that Chartkey keeps for you."),
              )
            : nothing
        }
        <p>
          ${_("It is taken apart into records, one for each visit and category, and each is sealed by itself. So you can share your allergies without sharing everything.")}
        </p>
        ${problem(importAll)}
        <p>${pressable(importAll, _("Import it"), { kind: "primary" })}</p>
        ${progressOf(importAll)}
      `,
    });

  const isUnsaved = () => !done && (file !== null || text.trim() !== "");
  const ready = () => title.trim() !== "" && (file !== null || text.trim() !== "");

  const form = () =>
    card({
      title: corrects ? _("The corrected version") : undefined,
      body: html`<form
        class="stack"
        @submit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          if (ready()) void save.run();
        }}
      >
        ${
          file
            ? fileCard()
            : dropZone({
                id: "file",
                label: _("Drop a file here, or choose one"),
                hint: _("PDF, image, DICOM, or a FHIR file. Or write something below."),
                onFiles: ([taken]) => void choose.run(taken),
              })
        }
        ${problem(choose)}
        ${textField({
          id: "title",
          label: _("What is it?"),
          hint: _("For example: Letter from the eye clinic"),
          value: title,
          required: true,
          onInput: (value) => {
            title = value;
            page.refresh();
          },
        })}
        ${
          corrects
            ? nothing
            : choice({
                id: "category",
                label: _("Category"),
                hint: _("Categories can be shared one by one."),
                value: category,
                options: categories().map(({ value, label, hint }) => [
                  value,
                  `${label} – ${hint}`,
                ]),
                onChange: (value) => {
                  category = value;
                  page.refresh();
                },
              })
        }
        ${
          file
            ? nothing
            : html`${textField({
                id: "text",
                label: _("What do you want to write down?"),
                rows: 6,
                value: text,
                onInput: (value) => {
                  text = value;
                  page.refresh();
                },
              })}
              ${textField({
                id: "day",
                label: _("On which day?"),
                type: "date",
                value: day,
                max: dayField(now()),
                onInput: (value) => {
                  day = value;
                },
              })}`
        }
        ${problem(save)}
        <div class="cluster">
          ${pressable(save, corrects ? _("Sign and save the correction") : _("Sign and add it"), {
            kind: "primary",
            submit: true,
            disabled: !ready(),
          })}
          <a class="btn btn-quiet" href="/app/chart">${_("Cancel")}</a>
        </div>
        ${progressOf(save)}
        <p class="form-text">
          ${_("It is sealed on this device before it leaves it. Whoever may see “{category}” now will see it too.", { category: categoryName(category) })}
        </p>
      </form>`,
    });

  return {
    title: () => (corrects ? _("Correct a record") : _("Add a record")),
    render: () => html`
      ${pageHeader(corrects ? _("Correct a record") : _("Add a record"), {
        back: { href: corrects ? `/app/records#/${corrects}` : "/app/chart", label: _("Back") },
      })}
      ${problem(original)}
      ${
        corrects && original.value
          ? notice(
              "calm",
              html`<p>
                ${_("The earlier version of “{title}” stays in the history.", { title: original.value.title })}
              </p>`,
            )
          : nothing
      }
      <div class="narrow">${bundle ? bundleForm() : form()}</div>
    `,
    unsaved: () => isUnsaved(),
    leave: () =>
      !isUnsaved() ||
      page.confirm({
        title: _("Leave without saving?"),
        text: _("What you entered here is not in your chart yet."),
        yes: _("Leave"),
        no: _("Stay"),
      }),
  };
}
