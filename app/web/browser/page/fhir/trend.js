// Owns the small plot of one value over time: several records' results, drawn as SVG of our own.
import { html, nothing, svg } from "lit-html";
import { _ } from "../texts.js";
import { shortDay, shortMonth } from "../times.js";
import { listOf, number } from "./common.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [340, 160, 50, 10, 12, 28];

/** @typedef {{at: number, value: number, unit: string}} Point */

/** @param {any} concept */
export const codeKey = (concept) => {
  const coding = listOf(concept?.coding)[0];
  return coding?.code ? `${coding.system ?? ""}|${coding.code}` : "";
};

/** @param {import("./common.js").Resource} observation */
const timeOf = (observation) =>
  Date.parse(
    observation.effectiveDateTime ??
      observation.effectivePeriod?.start ??
      observation.effectiveInstant ??
      observation.issued ??
      "",
  ) / 1000;

/**
 * All values of one code, over time, in the unit of the newest.
 * @param {import("./common.js").Resource[]} resources
 * @param {string} key codeKey of the observation, or of one of its components
 * @returns {Point[]}
 */
export function series(resources, key) {
  if (!key) return [];
  /** @type {Map<number, Point>} */
  const points = new Map();
  for (const resource of resources) {
    if (resource.resourceType !== "Observation" || resource.status === "entered-in-error") continue;
    const at = timeOf(resource);
    for (const part of [resource, ...listOf(resource.component)]) {
      const value = part.valueQuantity?.value;
      if (codeKey(part.code) !== key || typeof value !== "number" || Number.isNaN(at)) continue;
      points.set(at, { at, value, unit: part.valueQuantity.unit ?? part.valueQuantity.code ?? "" });
    }
  }
  const sorted = [...points.values()].sort((a, b) => a.at - b.at);
  const unit = sorted.at(-1)?.unit;
  return sorted.filter((point) => point.unit === unit);
}

/**
 * Round values for the axis: two at least, four at most.
 * @param {number} low
 * @param {number} high
 */
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10(high - low));
  for (const factor of [2, 1, 0.5, 0.25, 0.2]) {
    const step = factor * power;
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    if (last - first < 1) continue;
    const apart = Math.ceil((last - first + 1) / 4);
    const all = [];
    for (let place = first; place <= last; place += apart) {
      all.push(Number((place * step).toPrecision(10)));
    }
    return all;
  }
  return [low, high];
}

/**
 * @param {string} name what is measured
 * @param {Point[]} points at least two, by time
 * @param {{low?: number, high?: number}} [range] what is usual
 */
export function trend(name, points, range = {}) {
  if (points.length < 2) return nothing;
  const values = [...points.map(({ value }) => value), range.low, range.high].filter(
    (value) => value !== undefined,
  );
  const spread = Math.max(...values) - Math.min(...values) || Math.abs(values[0]) * 0.1 || 1;
  const [low, high] = [Math.min(...values) - spread * 0.12, Math.max(...values) + spread * 0.12];
  const [from, to] = [points[0].at, points[points.length - 1].at];
  const x = (/** @type {number} */ at) =>
    LEFT + ((at - from) / (to - from || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (/** @type {number} */ value) =>
    TOP + (1 - (value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const { unit } = points[0];
  const told = points
    .map(({ at, value }) => `${shortDay(at)}: ${number(value)} ${unit}`)
    .join("; ");
  const usual =
    range.low !== undefined || range.high !== undefined
      ? svg`<rect class="range" x=${LEFT} width=${WIDTH - LEFT - RIGHT} y=${y(range.high ?? high)}
          height=${Math.max(0, y(range.low ?? low) - y(range.high ?? high))}/>`
      : nothing;
  return html`<figure>
    <svg
      class="trend"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      role="img"
      aria-label=${_("{name} over time. {values}", { name, values: told })}
    >
      ${usual}
      ${ticks(low, high).map(
        (
          tick,
        ) => svg`<line class="axis" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${y(tick)} y2=${y(tick)}/>
          <text x=${LEFT - 8} y=${y(tick) + 5} text-anchor="end">${number(tick)}</text>`,
      )}
      <text x=${LEFT} y=${HEIGHT - 6}>${shortMonth(from)}</text>
      <text x=${WIDTH - RIGHT} y=${HEIGHT - 6} text-anchor="end">${shortMonth(to)}</text>
      ${svg`<polyline class="line" points=${points.map(({ at, value }) => `${x(at)},${y(value)}`).join(" ")}/>
        ${points.map(({ at, value }) => svg`<circle class="point" cx=${x(at)} cy=${y(value)} r="4.5"><title>${shortDay(at)}: ${number(value)} ${unit}</title></circle>`)}`}
    </svg>
    <figcaption class="small">
      ${
        range.low !== undefined || range.high !== undefined
          ? _("{name}, {unit}. The green band is the usual range.", { name, unit })
          : _("{name}, {unit}", { name, unit })
      }
    </figcaption>
  </figure>`;
}
