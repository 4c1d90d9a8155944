// Owns files within a record: images, PDF and text shown in place, others to be saved.
import { html, nothing } from "lit-html";
import { addressOfBlob, saveBlob, sizeOf } from "../files.js";
import { _ } from "../texts.js";

/** @type {WeakMap<object, Blob>} made once, since views render often */
const blobs = new WeakMap();

/** @param {string} base64 */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64.replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
}

/** @param {any} inner a FHIR Attachment, or a Binary @returns {Blob | null} */
function blobOf(inner) {
  if (!inner.data) return null;
  let blob = blobs.get(inner);
  if (!blob) {
    try {
      blob = new Blob([bytesOf(inner.data)], { type: inner.contentType ?? "" });
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
    blobs.set(inner, blob);
  }
  return blob;
}

/** @type {WeakMap<object, string>} */
const texts = new WeakMap();

/** @param {any} inner */
function textOf(inner) {
  let text = texts.get(inner);
  if (text === undefined) {
    text = new TextDecoder().decode(bytesOf(inner.data));
    texts.set(inner, text);
  }
  return text;
}

/** @param {any} inner a FHIR Attachment */
export function attachment(inner) {
  if (!inner) return nothing;
  const type = (inner.contentType ?? "").split(";")[0];
  const title = inner.title ?? "";
  const blob = blobOf(inner);
  if (!blob) {
    return html`<p>
      ${title} <span class="muted">${_("The file itself is not part of this record.")}</span>
    </p>`;
  }
  if (type === "text/plain") return html`<p class="letter">${textOf(inner)}</p>`;
  return file(blob, type, title);
}

/** What may be shown in a page: never markup, which could pretend to be the page. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"]);

/**
 * A file as it is.
 * @param {Blob} blob
 * @param {string} type
 * @param {string} title
 * @param {string} [fileName]
 */
export function file(blob, type, title, fileName = "") {
  const name = fileName || title || _("file");
  const save = html`<button
    type="button"
    class="btn btn-secondary btn-sm"
    @click=${() => saveBlob(blob, name)}
  >
    ${_("Save ({size})", { size: sizeOf(blob.size) })}
  </button>`;
  if (PICTURES.has(type)) {
    return html`<figure class="stack">
      <img
        class="picture"
        src=${addressOfBlob(blob, type)}
        alt=${title || _("Image of this record")}
      />
      <figcaption class="cluster"><span class="muted">${title}</span>${save}</figcaption>
    </figure>`;
  }
  if (type === "application/pdf") {
    const address = addressOfBlob(blob, type);
    return html`<div class="stack">
      ${
        navigator.pdfViewerEnabled
          ? html`<iframe class="paper" src=${address} title=${title || _("Document")}></iframe>`
          : html`<p>${_("This browser does not show PDF files in a page.")}</p>`
      }
      <p class="cluster">
        <a class="btn btn-secondary btn-sm" href=${address} target="_blank" rel="noopener"
          >${_("Open in a tab of its own")}</a
        >
        ${save}
      </p>
    </div>`;
  }
  return html`<div class="stack">
    <p>
      ${type === "application/dicom" ? _("A DICOM image. Save it to look at it in a DICOM viewer.") : _("A file of a kind that this page does not show.")}
    </p>
    <p>${save}</p>
  </div>`;
}
