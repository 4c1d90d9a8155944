// Makes the PNG files of a folder small: each gets the 256 colours that it shows most, an index for each pixel.
//
//   node scripts/pictures/palette.mjs FILE …

import { readFile, writeFile } from "node:fs/promises";
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const MOST = 256;

/** The parts of a PNG file, in order. @param {Buffer} png */
function* chunksOf(png) {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const size = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    yield { type, body: png.subarray(at + 8, at + 8 + size) };
    at += 12 + size;
  }
}

/** The checksum of a chunk (RFC 2083, 15). @param {Uint8Array} bytes */
function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** @param {string} type @param {Uint8Array} body */
function chunk(type, body) {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([head, named, check]);
}

/** @param {number} left @param {number} above @param {number} corner */
function paeth(left, above, corner) {
  const near = Math.abs(above - corner);
  const up = Math.abs(left - corner);
  const cross = Math.abs(left + above - 2 * corner);
  if (near <= up && near <= cross) return left;
  return up <= cross ? above : corner;
}

/**
 * Undoes the filters of PNG (RFC 2083, 6).
 * @param {Buffer} lines
 * @param {number} width bytes of a line
 * @param {number} step bytes of a pixel
 */
function unfiltered(lines, width, step) {
  const height = lines.length / (width + 1);
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const filter = lines[row * (width + 1)];
    for (let x = 0; x < width; x++) {
      const at = row * width + x;
      const left = x >= step ? out[at - step] : 0;
      const above = row ? out[at - width] : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = above;
      else if (filter === 3) guess = (left + above) >> 1;
      else if (filter === 4) {
        guess = paeth(left, above, row && x >= step ? out[at - width - step] : 0);
      }
      out[at] = lines[row * (width + 1) + 1 + x] + guess;
    }
  }
  return out;
}

/** @param {number} one @param {number} other colours as 0xRRGGBB */
function distance(one, other) {
  const parts = [16, 8, 0].map((shift) => ((one >> shift) & 255) - ((other >> shift) & 255));
  return parts.reduce((sum, part) => sum + part * part, 0);
}

/** Which place of the palette each colour takes. @param {Map<number, number>} counts */
function placesOf(counts) {
  const palette = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, MOST);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) {
    if (places.has(colour)) continue;
    let best = 0;
    for (let place = 1; place < palette.length; place++) {
      if (distance(colour, palette[place]) < distance(colour, palette[best])) best = place;
    }
    places.set(colour, best);
  }
  return { palette, places };
}

/** @param {Buffer} png as Chromium writes it: 8 bits, RGB or RGBA, not interlaced */
export function withPalette(png) {
  const chunks = [...chunksOf(png)];
  const head = chunks[0].body;
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const step = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || !step || head[12] !== 0) return png;
  const parts = chunks.filter(({ type }) => type === "IDAT").map(({ body }) => body);
  const packed = Buffer.concat(parts);
  const pixels = unfiltered(inflateSync(packed), width * step, step);
  const colours = new Uint32Array(width * height);
  const counts = new Map();
  for (let at = 0; at < colours.length; at++) {
    const [red, green, blue] = [pixels[at * step], pixels[at * step + 1], pixels[at * step + 2]];
    colours[at] = (red << 16) | (green << 8) | blue;
    counts.set(colours[at], (counts.get(colours[at]) ?? 0) + 1);
  }
  const { palette, places } = placesOf(counts);
  const lines = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < colours.length; at++) {
    lines[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = places.get(colours[at]);
  }
  const newHead = Buffer.from(head);
  newHead[9] = 3;
  const table = Buffer.from(palette.flatMap((one) => [one >> 16, (one >> 8) & 255, one & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", newHead),
    chunk("PLTE", table),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

for (const path of process.argv.slice(2)) {
  const before = await readFile(path);
  const after = withPalette(before);
  if (after.length < before.length) await writeFile(path, after);
}
