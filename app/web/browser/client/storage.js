// Owns what this browser keeps (IndexedDB): accounts, unlocks, what waits, drafts. Nothing in clear
// but names and public addresses. On a shared workstation the same shape is kept in memory alone.

import { StorageRefused } from "./errors.js";

const NAME = "chartkey";
const VERSION = 1;
/** Stores and what an entry is found by. */
const STORES = {
  accounts: "person",
  unlocks: "person",
  outbox: "id",
  uploads: "id",
  sealed: "id",
};

/** @typedef {keyof typeof STORES} StoreName */
/**
 * @typedef {object} Storage
 * @property {(store: StoreName, id: string) => Promise<any>} get
 * @property {(store: StoreName) => Promise<any[]>} all
 * @property {(store: StoreName, entry: any) => Promise<void>} put
 * @property {(store: StoreName, id: string) => Promise<void>} remove
 */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(refused(request.error));
  });
}

/** @param {DOMException | null} error */
const refused = (error) =>
  error
    ? new StorageRefused("{fault}", { fault: error.name })
    : new StorageRefused("it does not say why");

/** The browser's database. @implements {Storage} */
export class DiskStorage {
  constructor() {
    /** @type {Promise<IDBDatabase> | undefined} */
    this.opening = undefined;
  }

  #open() {
    this.opening ??= this.#begin().catch((error) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  async #begin() {
    if (!globalThis.indexedDB) throw new StorageRefused("it has no database");
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const [store, keyPath] of Object.entries(STORES)) {
        if (!request.result.objectStoreNames.contains(store)) {
          request.result.createObjectStore(store, { keyPath });
        }
      }
    };
    const database = await finished(request);
    database.onversionchange = () => {
      database.close(); // a newer page wants to change the stores
      this.opening = undefined;
    };
    return database;
  }

  /**
   * @template T
   * @param {StoreName} store
   * @param {(store: IDBObjectStore) => IDBRequest<T>} work
   * @returns {Promise<T>}
   */
  async #read(store, work) {
    const database = await this.#open();
    return finished(work(database.transaction(store, "readonly").objectStore(store)));
  }

  /**
   * @param {StoreName} store
   * @param {(store: IDBObjectStore) => IDBRequest<any>} work
   * @returns {Promise<void>}
   */
  async #write(store, work) {
    const database = await this.#open();
    const transaction = database.transaction(store, "readwrite", { durability: "strict" });
    work(transaction.objectStore(store));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(refused(transaction.error));
    });
  }

  /** @param {StoreName} store @param {string} id */
  get(store, id) {
    return this.#read(store, (entries) => entries.get(id));
  }

  /** @param {StoreName} store */
  all(store) {
    return this.#read(store, (entries) => entries.getAll());
  }

  /** @param {StoreName} store @param {any} entry */
  put(store, entry) {
    return this.#write(store, (entries) => entries.put(entry));
  }

  /** @param {StoreName} store @param {string} id */
  remove(store, id) {
    return this.#write(store, (entries) => entries.delete(id));
  }
}

/** A shared workstation's: gone with the worker. @implements {Storage} */
export class MemoryStorage {
  constructor() {
    /** @type {Map<string, Map<string, any>>} */
    this.stores = new Map(Object.keys(STORES).map((store) => [store, new Map()]));
  }

  /** @param {StoreName} store */
  #of(store) {
    return /** @type {Map<string, any>} */ (this.stores.get(store));
  }

  /** @param {StoreName} store @param {string} id */
  async get(store, id) {
    return this.#of(store).get(id);
  }

  /** @param {StoreName} store */
  async all(store) {
    return [...this.#of(store).values()];
  }

  /** @param {StoreName} store @param {any} entry */
  async put(store, entry) {
    this.#of(store).set(entry[STORES[store]], entry);
  }

  /** @param {StoreName} store @param {string} id */
  async remove(store, id) {
    this.#of(store).delete(id);
  }
}
