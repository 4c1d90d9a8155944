// Owns the live feed: what comes to the chain or to this person's letterbox, heard as it happens.

const AGAIN = 5000;

/** Server-sent events of the node, for as long as anybody listens. */
export class Live {
  /** @param {(event: string, told: any) => void} hear */
  constructor(hear) {
    this.hear = hear;
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** Begin, or begin anew: a session that changed hears other letters. */
  start() {
    this.stop();
    const source = new EventSource("/api/events");
    this.source = source;
    source.onopen = () => this.hear("listening", {});
    source.onerror = () => {
      this.hear("deaf", {});
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
      // it was refused, and does not try again by itself
      this.timer = setTimeout(() => this.start(), AGAIN);
    };
    for (const event of ["block", "anchored", "letters", "consent"]) {
      source.addEventListener(event, (/** @type {MessageEvent} */ { data }) => {
        this.hear(event, toldIn(data));
      });
    }
  }

  stop() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}

/** @param {string} data */
function toldIn(data) {
  try {
    return JSON.parse(data);
  } catch {
    return {}; // the event itself is what counts
  }
}
