// Owns doing many things a few at once.

/**
 * Some at once, in order.
 * @template T
 * @param {T[]} all
 * @param {number} atOnce
 * @param {(one: T) => Promise<void>} work
 */
export async function inTurns(all, atOnce, work) {
  const rest = [...all];
  const lanes = Array.from({ length: Math.min(atOnce, rest.length) }, async () => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift()) await work(one);
  });
  await Promise.all(lanes);
}
