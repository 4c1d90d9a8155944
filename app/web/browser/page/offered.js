// Owns files that were dropped on one page, on their way to the page that adds them.

/** @type {File[]} */
let offered = [];

/**
 * Leaves files for the page that adds records.
 * @param {File[]} files
 */
export function offer(files) {
  offered = files;
}

/** Takes what was left, once. */
export function takeOffered() {
  const files = offered;
  offered = [];
  return files;
}
