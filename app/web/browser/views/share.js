// Owns giving a permission: to whom, what, for what, until when; read in plain words, then signed.
import { html, nothing } from "lit-html";
import { checks, radios, textField } from "../page/fields.js";
import { categories, PROTECTED, purposes } from "../page/names.js";
import { choosePerson, nameOf } from "../page/people.js";
import { card, loaded, notice, pageHeader, pressable, problem, progressOf } from "../page/parts.js";
import { dayOf } from "../page/records.js";
import { _, ngettext } from "../page/texts.js";
import { dayField, now, secondsOf } from "../page/times.js";

const DAY = 86_400;

/** @returns {[string, string, number][]} */
const spans = () => [
  ["day", _("Until tomorrow"), DAY],
  ["month", _("For a month"), 30 * DAY],
  ["year", _("For a year"), 365 * DAY],
];

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const oneRecord = page.query.get("record");
  let scope = oneRecord ? "records" : "categories";
  /** @type {Set<string>} */
  let chosenCategories = new Set(page.query.getAll("category"));
  /** @type {Set<string>} */
  let chosenRecords = new Set(oneRecord ? [oneRecord] : []);
  let purpose = page.query.get("purpose") ?? "";
  let span = "month";
  let lastDay = dayField(now() + 30 * DAY);
  let mayAdd = false;

  const who = choosePerson(page, {
    label: _("With whom?"),
    onChoose: (reference) => {
      purpose ||= reference.roles.length > 0 ? "TREAT" : "FAMRQT";
    },
  });
  const viewer = page.query.get("viewer");
  if (viewer) void who.find(viewer);
  const chart = page.load(() => page.person.chart({}));

  const expiresAt = () => {
    if (span === "date") return secondsOf(lastDay);
    return now() + (spans().find(([key]) => key === span)?.[2] ?? DAY);
  };
  const parts = () =>
    scope === "categories"
      ? [...chosenCategories].map((category) => ({ category }))
      : [...chosenRecords].map((record) => ({ record }));
  const ready = () =>
    who.value !== null && parts().length > 0 && purpose !== "" && expiresAt() > now();

  /** @param {import("../page/people.js").Reference} reference */
  function namesFor(reference) {
    const titles = (chart.value ?? []).map((/** @type {any} */ one) => [
      one.digest.toLowerCase(),
      one.title,
    ]);
    return {
      ...Object.fromEntries(titles),
      [reference.address.toLowerCase()]: reference.name || reference.address,
    };
  }

  const give = page.action(async ({ onProgress }) => {
    const reference = who.value;
    if (!reference) return;
    const rights = { view: true, add: mayAdd && scope === "categories" };
    const drafts = [];
    for (const part of parts()) {
      drafts.push(
        await page.person.prepareGrant({
          ...part,
          viewer: reference.address,
          purpose,
          rights,
          expiresAt: expiresAt(),
        }),
      );
    }
    const yes = await page.confirm({
      title: ngettext("Give this permission?", "Give these {count} permissions?", drafts.length),
      yes: _("Yes, sign it"),
      no: _("Not yet"),
      signing: drafts.map(({ typedData }) => typedData),
      names: namesFor(reference),
    });
    if (!yes) {
      for (const { draft } of drafts) await page.person.dropDraft({ draft });
      return;
    }
    const results = await page.person.commitAll(
      { drafts: drafts.map(({ draft }) => draft) },
      { onProgress },
    );
    const failed = results.filter((/** @type {any} */ one) => one.error);
    if (failed.length > 0) throw failed[0].error;
    page.note(_("{viewer} can see it from now on.", { viewer: nameOf(reference) }));
    page.go("/app/permissions");
  });

  const what = () => html`
    ${radios({
      name: "scope",
      legend: _("What?"),
      options: [
        ["categories", _("Whole categories"), _("Also what will be added to them later")],
        ["records", _("Single records"), _("Nothing else, and nothing later")],
      ],
      value: scope,
      onChange: (value) => {
        scope = value;
        page.refresh();
      },
    })}
    ${
      scope === "categories"
        ? checks({
            name: "category",
            legend: _("Which categories?"),
            options: categories().map(({ value, label, hint }) => [value, label, hint]),
            chosen: chosenCategories,
            onChange: (chosen) => {
              chosenCategories = chosen;
              page.refresh();
            },
          })
        : loaded(chart, (records) =>
            records.length === 0
              ? html`<p>
                  ${_("Your chart is empty.")} <a href="/app/add">${_("Add a record")}</a>
                </p>`
              : checks({
                  name: "record",
                  legend: _("Which records?"),
                  options: records.map((/** @type {any} */ one) => [
                    one.digest,
                    one.title,
                    dayOf(one),
                  ]),
                  chosen: chosenRecords,
                  onChange: (chosen) => {
                    chosenRecords = chosen;
                    page.refresh();
                  },
                }),
          )
    }
    ${
      scope === "categories" && [...chosenCategories].some((category) => PROTECTED.has(category))
        ? notice(
            "warning",
            html`<p>
              ${_("You have chosen something specially protected. Is it needed for this purpose?")}
            </p>`,
          )
        : nothing
    }
    ${
      scope === "categories"
        ? html`<label class="option">
            <input
              class="form-check-input"
              type="checkbox"
              .checked=${mayAdd}
              @change=${(/** @type {Event} */ event) => {
                mayAdd = /** @type {HTMLInputElement} */ (event.target).checked;
                page.refresh();
              }}
            />
            <span
              >${_("They may also add records")}<span class="option-hint"
                >${_("Otherwise you are asked about each one.")}</span
              ></span
            >
          </label>`
        : nothing
    }
  `;

  const professional = new Set(["TREAT", "ETREAT", "CAREMGT", "HOPERAT", "HPAYMT", "HRESCH"]);
  const misfit = () =>
    who.value && who.value.roles.length === 0 && professional.has(purpose)
      ? notice(
          "warning",
          html`<p>
            ${_("This purpose needs a credential, and this person has none. They could open nothing. Choose “Family” or “At my wish”.")}
          </p>`,
        )
      : nothing;

  return {
    title: () => _("Share"),
    render: () => html`
      ${pageHeader(_("Share"), {
        lead: _(
          "You decide what somebody may see, for what, and until when. You can take it back at any time.",
        ),
      })}
      <form
        class="cards narrow"
        @submit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          if (ready()) void give.run();
        }}
      >
        ${card({ body: who.render() })} ${card({ body: what() })}
        ${card({
          body: html`${radios({
            name: "purpose",
            legend: _("For what?"),
            options: purposes().map(({ value, label, hint }) => [value, label, hint]),
            value: purpose,
            onChange: (value) => {
              purpose = value;
              page.refresh();
            },
          })}
          ${misfit()}`,
        })}
        ${card({
          body: html`${radios({
            name: "span",
            legend: _("Until when?"),
            options: [
              ...spans().map(([key, label]) => /** @type {[string, string]} */ ([key, label])),
              ["date", _("Until a day that I choose")],
            ],
            value: span,
            onChange: (value) => {
              span = value;
              page.refresh();
            },
          })}
          ${
            span === "date"
              ? textField({
                  id: "last-day",
                  label: _("Last day"),
                  type: "date",
                  value: lastDay,
                  min: dayField(now()),
                  onInput: (value) => {
                    lastDay = value;
                    page.refresh();
                  },
                })
              : nothing
          }`,
        })}
        ${problem(give)}
        <div class="stack">
          ${pressable(give, _("Read it once more, then sign"), {
            kind: "primary",
            submit: true,
            disabled: !ready(),
          })}
          ${
            ready()
              ? nothing
              : html`<p class="form-text">
                  ${_("Choose a person, what to share, a purpose and an end.")}
                </p>`
          }
        </div>
        ${progressOf(give)}
      </form>
    `,
  };
}
