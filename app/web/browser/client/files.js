// Owns files in the origin-private file system: large bodies stream through it and are never held.

import { StorageRefused } from "./errors.js";

/** @import { Bytes } from "../core/bytes.js" */

/** What was opened is wiped when the session ends; what waits to be uploaded is ciphertext. */
export const OPENED = "opened";
export const SEALED = "sealed";

/** @param {string} folder */
async function folderOf(folder) {
  if (!navigator.storage?.getDirectory) throw new StorageRefused("it has no file system");
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folder, { create: true });
}

/**
 * Write a file piece by piece; half of one is never left behind.
 * @param {string} folder @param {string} name @param {AsyncIterable<Bytes>} pieces
 * @param {(written: number) => void} [progress]
 * @returns {Promise<File>}
 */
export async function writeFile(folder, name, pieces, progress = () => {}) {
  const directory = await folderOf(folder);
  const handle = await directory.getFileHandle(name, { create: true });
  const access = await handle.createSyncAccessHandle();
  let isWhole = false;
  try {
    access.truncate(0);
    let at = 0;
    for await (const piece of pieces) {
      if (access.write(piece, { at }) !== piece.length) throw new StorageRefused("it is full");
      at += piece.length;
      progress(at);
    }
    access.flush();
    isWhole = true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "QuotaExceededError") {
      throw new StorageRefused("it is full");
    }
    throw error;
  } finally {
    access.close();
    if (!isWhole) await directory.removeEntry(name);
  }
  return handle.getFile();
}

/**
 * A file that was written before; null where there is none.
 * @param {string} folder
 * @param {string} name
 */
export async function readFile(folder, name) {
  try {
    return await (await (await folderOf(folder)).getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return null;
    throw error;
  }
}

/** @param {string} folder @param {string} name */
export async function removeFile(folder, name) {
  try {
    await (await folderOf(folder)).removeEntry(name);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  }
}

/** Remove all files of a folder but some. @param {string} folder @param {Set<string>} [kept] */
export async function sweep(folder, kept = new Set()) {
  const directory = await folderOf(folder);
  for await (const name of directory.keys()) {
    if (kept.has(name)) continue;
    try {
      await directory.removeEntry(name);
    } catch (error) {
      const isInUse = error instanceof DOMException && error.name === "NoModificationAllowedError";
      if (!isInUse) throw error; // another tab is writing it just now
    }
  }
}

/** Whether this browser has such a file system. */
export const hasFiles = () => Boolean(navigator.storage?.getDirectory);
