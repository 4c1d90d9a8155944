// Owns the few drawings of our own: 24 by 24, one line, the colour of the text around them.
import { svg, html } from "lit-html";

/** @type {Record<string, import("lit-html").TemplateResult>} */
const LINES = {
  chart: svg`<path d="M6 3h9l4 4v14H6z M15 3v4h4 M9 12h7 M9 16h7"/>`,
  share: svg`<path d="M4 12v7h16v-7 M12 15V4 M8 8l4-4 4 4"/>`,
  key: svg`<circle cx="8" cy="15" r="4"/><path d="M11 12l8-8 M16 7l3 3"/>`,
  eye: svg`<path d="M2 12c3-5 6.5-7 10-7s7 2 10 7c-3 5-6.5 7-10 7s-7-2-10-7z"/><circle cx="12" cy="12" r="3"/>`,
  hand: svg`<path d="M5 5h14v11h-8l-4 4v-4H5z M9 9.5h6 M9 12.5h4"/>`,
  person: svg`<circle cx="12" cy="8" r="4"/><path d="M4 21c1-5 4-7 8-7s7 2 8 7"/>`,
  people: svg`<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.7-4.3 3-6 6.5-6s5.8 1.7 6.5 6 M15 5a3.5 3.5 0 0 1 0 6.5 M18 14.5c2 .8 3 2.5 3.5 5.5"/>`,
  note: svg`<path d="M5 20l1-5L16 5l4 4L10 19z M14 7l4 4"/>`,
  building: svg`<path d="M5 21V5h14v16 M3 21h18 M12 8v5 M9.5 10.5h5 M10 21v-4h4v4"/>`,
  seal: svg`<circle cx="12" cy="10" r="6"/><path d="M9 15l-1.5 6L12 19l4.5 2L15 15 M9.5 10l2 2 3-3.5"/>`,
  gauge: svg`<path d="M4 18a9 9 0 1 1 16 0 M12 15l4-5"/>`,
  check: svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`,
  plus: svg`<path d="M12 5v14 M5 12h14"/>`,
  menu: svg`<path d="M4 7h16 M4 12h16 M4 17h16"/>`,
  close: svg`<path d="M6 6l12 12 M18 6L6 18"/>`,
  back: svg`<path d="M14 6l-6 6 6 6"/>`,
  camera: svg`<path d="M4 8h4l1.5-2.5h5L16 8h4v11H4z"/><circle cx="12" cy="13" r="3.5"/>`,
  file: svg`<path d="M6 3h9l4 4v14H6z M15 3v4h4"/>`,
  warning: svg`<path d="M12 4l9 16H3z M12 10v5 M12 17.5v.5"/>`,
  moon: svg`<path d="M19 14.5A8 8 0 0 1 9.5 5a8 8 0 1 0 9.5 9.5z"/>`,
  copy: svg`<path d="M9 9h11v11H9z M15 9V4H4v11h5"/>`,
};

/**
 * A drawing beside words; it says nothing by itself.
 * @param {string} name
 */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    ${LINES[name]}
  </svg>`;
}
