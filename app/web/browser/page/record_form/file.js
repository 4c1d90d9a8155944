// Owns the choice of a file that becomes a record, and of its title.
import { html, nothing } from "lit-html";
import { textField } from "../fields.js";
import { dropZone, sizeOf } from "../files.js";
import { card } from "../parts.js";
import { _ } from "../texts.js";

/**
 * @param {object} options
 * @param {File | null} options.file
 * @param {string} options.title
 * @param {string | undefined} options.fault
 * @param {(file: File) => void} options.onFile
 * @param {(title: string) => void} options.onTitle
 */
export function fileFields({ file, title, fault, onFile, onTitle }) {
  return card({
    body: html`
      ${dropZone({
        id: "record-file",
        label: file ? _("Another file") : _("Drop a file here, or choose one"),
        hint: _("PDF, image, DICOM, FHIR, or any other file"),
        onFiles: ([chosen]) => onFile(chosen),
      })}
      ${fault ? html`<p class="field-error" role="alert" tabindex="-1">${fault}</p>` : nothing}
      ${file ? html`<p><strong>${file.name}</strong> · ${sizeOf(file.size)}</p>` : nothing}
      ${textField({
        id: "record-file-title",
        label: _("Title"),
        hint: _("What the list calls it. The title is sealed, too."),
        value: title,
        onInput: onTitle,
      })}
    `,
  });
}
