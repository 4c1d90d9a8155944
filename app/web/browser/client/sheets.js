// Owns which key sheet of a record counts: the newest that the right person signed.

import { hex, unbase64 } from "../core/bytes.js";
import { ChartkeyError, NotStored, SheetStale } from "../core/errors.js";
import { requireNewest } from "../core/sheets.js";
import { readStatementFile } from "../core/statements.js";
import { UnreadableAnswer } from "./errors.js";
import { AskedTogether } from "./asked_together.js";

const MOST = 200;

/** Key sheets as the node serves them. */
export class Sheets {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {import("./letterbox.js").Letterbox} letterbox
   */
  constructor(me, letterbox) {
    this.me = me;
    this.letterbox = letterbox;
    /** The newest version seen of each record's. @type {Map<string, bigint>} */
    this.newest = new Map();
    /** @type {AskedTogether<string, any[]>} */
    this.line = new AskedTogether(MOST, (records) => this.#askAll(records));
  }

  /** @param {string[]} records @returns {Promise<any[][]>} */
  async #askAll(records) {
    const { sheets } = await this.me.node.post("/api/sheets/of", { records }, { again: true });
    return records.map((record) => {
      if (!Array.isArray(sheets?.[record])) throw new UnreadableAnswer();
      return sheets[record];
    });
  }

  /**
   * The newest sheet that the author (version 0) or the patient (later) signed. Raises SheetStale
   * where a newer one was seen before, NotStored where none is valid.
   * @param {import("./letterbox.js").RecordFile} file @returns {Promise<any>}
   */
  async of(file) {
    const mark = hex(file.digest);
    const given = await this.line.ask(mark);
    const newest = this.newest.get(mark) ?? 0n;
    for (const { statement, sheet } of given) {
      const parsed = await this.#sound(file, statement, sheet);
      if (!parsed) continue;
      if (parsed.version < newest) {
        throw new SheetStale("", { given: Number(parsed.version), newest: Number(newest) });
      }
      this.newest.set(mark, parsed.version);
      return parsed;
    }
    throw new NotStored("", { address: "a key sheet of that record" });
  }

  /**
   * @param {import("./letterbox.js").RecordFile} file
   * @param {any} statement
   * @param {string} sheet
   */
  async #sound(file, statement, sheet) {
    let signed;
    let parsed;
    try {
      signed = readStatementFile(statement, this.me.domains);
      if (signed.type !== "Sheet" || hex(signed.message.record) !== hex(file.digest)) return null;
      parsed = await requireNewest(unbase64(sheet), signed.message);
    } catch (error) {
      if (error instanceof ChartkeyError) return null; // another one may be sound
      throw error;
    }
    const { patient, author } = file.signed.message;
    const isSigned = await this.letterbox.isSignedBy(signed, parsed.version ? patient : author);
    return isSigned ? parsed : null;
  }
}
