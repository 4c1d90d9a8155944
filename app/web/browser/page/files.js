// Owns files that come from the person's disk, or go there.
import { html } from "lit-html";
import { icon } from "./icons.js";
import { _ } from "./texts.js";

/**
 * A place to drop a file, or to choose one.
 * @param {{id: string, label: string, hint: string, accept?: string, multiple?: boolean,
 *   onFiles: (files: File[]) => void}} options
 */
export function dropZone({ id, label, hint, accept = "", multiple = false, onFiles }) {
  const zone = (/** @type {Event} */ event) => /** @type {HTMLElement} */ (event.currentTarget);
  const taken = (/** @type {FileList | undefined | null} */ list) => {
    const files = [...(list ?? [])].slice(0, multiple ? undefined : 1);
    if (files.length > 0) onFiles(files);
  };
  return html`<div
    class="drop-zone"
    @dragover=${(/** @type {DragEvent} */ event) => {
      event.preventDefault();
      zone(event).classList.add("over");
    }}
    @dragleave=${(/** @type {DragEvent} */ event) => zone(event).classList.remove("over")}
    @drop=${(/** @type {DragEvent} */ event) => {
      event.preventDefault();
      zone(event).classList.remove("over");
      taken(event.dataTransfer?.files);
    }}
  >
    ${icon("file")}
    <label for=${id}>${label}</label>
    <p class="form-text" id="${id}-hint">${hint}</p>
    <input
      class="form-control"
      type="file"
      id=${id}
      accept=${accept}
      ?multiple=${multiple}
      aria-describedby="${id}-hint"
      @change=${(/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        taken(input.files);
        input.value = "";
      }}
    />
  </div>`;
}

/** Hands a file to the browser's downloads. @param {Blob} blob @param {string} fileName */
export function saveBlob(blob, fileName) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own hold on the blob by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** "1.4 MB" @param {number} bytes */
export function sizeOf(bytes) {
  if (bytes < 1000) return _("{size} bytes", { size: bytes });
  const [value, unit] =
    bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/**
 * What a file is, by its first bytes; a name alone proves nothing.
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export async function mediaTypeOf(file) {
  const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  const text = String.fromCharCode(...head);
  if (text.startsWith("%PDF-")) return "application/pdf";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (text.startsWith("GIF8")) return "image/gif";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "image/webp";
  if (text.slice(128, 132) === "DICM") return "application/dicom";
  if (/^\s*\{/.test(text) && (await isFhir(file))) return "application/fhir+json";
  if (file.type === "text/plain") return "text/plain";
  return "application/octet-stream";
}

/** @param {Blob} file */
async function isFhir(file) {
  if (file.size > 64e6) return false;
  try {
    return typeof JSON.parse(await file.text()).resourceType === "string";
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** @type {Map<Blob, string>} */
const addresses = new Map();

/**
 * A blob's address for an image, a frame or a link; the same for the same blob until the next page.
 * @param {Blob} blob
 * @param {string} type what it is shown as
 */
export function addressOfBlob(blob, type) {
  let address = addresses.get(blob);
  if (!address) {
    address = URL.createObjectURL(blob.type === type ? blob : blob.slice(0, blob.size, type));
    addresses.set(blob, address);
  }
  return address;
}

/** Gives the addresses back; what a page showed is not kept by its address. */
export function forgetAddresses() {
  for (const address of addresses.values()) URL.revokeObjectURL(address);
  addresses.clear();
}
