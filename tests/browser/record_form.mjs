// Answers what tests/browser/test_record_form.py asks of the form: a question in JSON on each line of stdin.

import { createInterface } from "node:readline";
import { apart, bundleOf, idsFor, titleOf, together } from "../../app/web/browser/page/record_form/bundle.js";
import { PARTS, emptyForm, faultsOf, tidied } from "../../app/web/browser/page/record_form/fields.js";
import { readForm } from "../../app/web/browser/page/record_form/reading.js";

/** Ids that are alike in each run. */
function counted() {
  let last = 0;
  return () => {
    last += 1;
    return `00000000-0000-4000-8000-${String(last).padStart(12, "0")}`;
  };
}

/** @param {any} question */
function answer({ ask, fields, today, category, bundle }) {
  const form = tidied(emptyForm(fields));
  const ids = idsFor(counted(), form.medicines.length);
  switch (ask) {
    case "faults":
      return faultsOf(form, today);
    case "together":
      return together(form, ids, category);
    case "apart":
      return apart(form, ids);
    case "read":
      return readForm(bundle);
    case "title":
      return titleOf(form, PARTS);
    case "again": {
      const found = readForm(bundle);
      const again = idsFor(counted(), found.form.medicines.length, found.ids);
      return bundleOf(found.form, again, found.parts);
    }
    default:
      throw new Error(`no such question: ${ask}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
