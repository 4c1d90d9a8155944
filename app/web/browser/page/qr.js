// Owns QR codes: drawing them as SVG, reading them by camera or from an image.
import { html, svg } from "lit-html";
import { encode } from "uqr";
import { openDialog } from "./dialogs.js";
import { dropZone } from "./files.js";
import { notice } from "./parts.js";
import { _ } from "./texts.js";

/**
 * A QR code that says `text`; always dark on light, since readers expect it.
 * @param {string} text
 * @param {{label: string}} options
 */
export function qrCode(text, { label }) {
  const { data: rows, size } = encode(text, { border: 2 });
  let path = "";
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) if (rows[y][x]) path += `M${x} ${y}h1v1h-1z`;
  }
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label=${label}>
    ${svg`<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d=${path}/>`}
  </svg>`;
}

/**
 * What a picture's QR code says, or null where none is found.
 * @param {ImageBitmap | HTMLVideoElement} picture
 * @param {number} width
 * @param {number} height
 * @returns {Promise<string | null>}
 */
async function read(picture, width, height) {
  const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
  if (Detector && (await Detector.getSupportedFormats()).includes("qr_code")) {
    const found = await new Detector({ formats: ["qr_code"] }).detect(picture);
    return found[0]?.rawValue ?? null;
  }
  const { default: jsQR } = await import("jsqr");
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  context.drawImage(picture, 0, 0, width, height);
  const { data: pixels } = context.getImageData(0, 0, width, height);
  return jsQR(pixels, width, height)?.data ?? null;
}

/** @param {Blob} file @returns {Promise<string | null>} */
export async function readQrFile(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  const found = await read(
    picture,
    Math.max(1, Math.round(picture.width * scale)),
    Math.max(1, Math.round(picture.height * scale)),
  );
  picture.close();
  return found;
}

/**
 * Asks for a QR code before the camera, or as an image file.
 * @returns {Promise<string | null>} null where the person gave up
 */
export async function scanQr() {
  const video = document.createElement("video");
  video.className = "camera";
  video.muted = true;
  video.playsInline = true;
  /** @type {MediaStream | undefined} */
  let stream;
  let open = true;
  let trouble = "";
  const dialog = openDialog({
    title: _("Scan a QR code"),
    body: () => html`
      ${stream ? video : ""} ${trouble ? notice("calm", html`<p>${trouble}</p>`) : ""}
      ${dropZone({
        id: "qr-file",
        label: _("Or choose an image"),
        hint: _("A photograph or a screenshot of the code"),
        accept: "image/*",
        onFiles: async ([file]) => {
          const found = await readQrFile(file).catch(() => null);
          if (found) dialog.close(found);
          else {
            trouble = _("There is no readable QR code in this image. Try a sharper one.");
            dialog.refresh();
          }
        },
      })}
    `,
  });
  const watch = async () => {
    if (!open) return;
    const found =
      video.readyState >= 2 ? await read(video, video.videoWidth, video.videoHeight) : null;
    if (found && open) dialog.close(found);
    else setTimeout(watch, 150);
  };
  const start = async () => {
    if (!navigator.mediaDevices?.getUserMedia) {
      trouble = _("This browser has no camera to offer here.");
      return dialog.refresh();
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      trouble = _("The camera is not available, or you did not allow it.");
      return dialog.refresh();
    }
    if (!open) return stream.getTracks().forEach((track) => track.stop());
    video.srcObject = stream;
    dialog.refresh();
    await video.play();
    return watch();
  };
  void start();
  const found = await dialog.closed;
  open = false;
  stream?.getTracks().forEach((track) => track.stop());
  return typeof found === "string" ? found : null;
}

/** The address in a scanned text, such as "ethereum:0x…". @param {string} text */
export function addressIn(text) {
  return /0x[0-9a-fA-F]{40}/.exec(text)?.[0] ?? "";
}
