// Owns addresses within the application: History API, links, the back button. What names a person or a
// record stands behind the `#`, which browsers send to nobody: "/app/patients#/0x…/new?correct=0x…".

/**
 * @typedef {object} Route
 * @property {string} path "/app/records/:digest"
 * @property {() => Promise<{view: (page: any) => import("./view.js").View}>} load
 * @property {null | ((me: any) => boolean)} for null: public
 * @property {{order: number, label: () => string, icon: string, inBar?: boolean}} [menu]
 */

/**
 * The parameters of a path that fits a pattern, or null.
 * @param {string} pattern
 * @param {string} path
 * @returns {Record<string, string> | null}
 */
export function fit(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.replace(/(.)\/$/, "$1").split("/");
  if (wanted.length !== given.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [place, part] of wanted.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(given[place]);
    else if (part !== given[place]) return null;
  }
  return params;
}

/**
 * An address as the table of pages knows it: "/app/patients/0x…/new?correct=0x…".
 * @param {string} href
 * @returns {URL}
 */
export function inward(href) {
  const { pathname, search, hash, origin } = new URL(href, location.origin);
  const own = hash.startsWith("#/") || hash.startsWith("#?") ? hash.slice(1) : "";
  return new URL(pathname.replace(/(.)\/$/, "$1") + own + (own.includes("?") ? "" : search), origin);
}

/**
 * The same as it is shown, and sent to the node on a reload: only the page's own name is before the `#`.
 * @param {string} href
 * @returns {URL}
 */
export function outward(href) {
  const { pathname, search, origin } = inward(href);
  const [, name = "", rest = ""] = /^(\/app\/[a-z]+)(\/.*)?$/.exec(pathname) ?? [];
  return name ? new URL(name + (rest || search ? `#${rest}${search}` : ""), origin) : inward(href);
}

/** Where we are, as the table of pages knows it. */
export const here = () => inward(location.href);

/**
 * Follows links and the back button; `arrive` is called with each new address.
 * @param {(address: URL, options: {moved: boolean}) => void} arrive
 * @param {() => Promise<boolean>} mayLeave
 */
export function startRouter(arrive, mayLeave) {
  /** @type {Map<number, number>} */
  const scrolled = new Map();
  let last = here().href;
  let place = history.state?.place ?? 0;
  let undoing = false;
  history.scrollRestoration = "manual";
  history.replaceState({ ...history.state, place }, "", outward(location.href));

  const settle = (/** @type {boolean} */ moved) => {
    last = here().href;
    arrive(here(), { moved });
  };

  /** @param {string} path @param {{replace?: boolean}} [options] */
  async function go(path, options = {}) {
    const address = outward(path);
    if (address.href === location.href && !options.replace) return settle(true);
    if (!(await mayLeave())) return undefined;
    scrolled.set(place, window.scrollY);
    if (!options.replace) place += 1;
    history[options.replace ? "replaceState" : "pushState"]({ place }, "", address);
    return settle(true);
  }

  window.addEventListener("popstate", async (event) => {
    if (undoing) {
      undoing = false;
      return;
    }
    const target = event.state?.place ?? 0;
    if (here().href === last && target === place) return;
    if (!(await mayLeave())) {
      undoing = true;
      history.go(place - target);
      return;
    }
    scrolled.set(place, window.scrollY);
    place = target;
    settle(false);
  });

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download"))
      return;
    const address = new URL(link.href);
    if (address.origin !== location.origin || !isOurs(address.pathname)) return;
    if (link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    void go(address.href);
  });

  return { go, scrollOf: () => scrolled.get(place) ?? 0 };
}

/** @param {string} path */
const isOurs = (path) => path === "/" || /^\/app(\/|$)/.test(path);
