/**
 * Where unsaved notes survive a reload or a killed browser: IndexedDB, or the page's memory where the browser refuses it.
 * Not localStorage, which a killed browser loses for seconds.
 *
 * @typedef {{key: string, interaction: string, about: string, text: string, fields: Record<string, unknown>, draft: boolean,
 *   rev: number, saved: string, sending: import("./contract.js").Frame|null}} Draft
 * @typedef {{put: (draft: Draft) => Promise<unknown>, remove: (key: string) => Promise<unknown>,
 *   all: (prefix: string) => Promise<Draft[]>}} Drafts
 */

const NAME = "ringline";
const STORE = "drafts";

/** @returns {Drafts} */
export function memoryDrafts() {
  /** @type {Map<string, Draft>} */
  const kept = new Map();
  return {
    put: async (draft) => kept.set(draft.key, draft),
    remove: async (key) => kept.delete(key),
    all: async (prefix) => [...kept.values()].filter(({ key }) => key.startsWith(prefix)),
  };
}

/** @returns {Drafts} */
export function browserDrafts() {
  const memory = memoryDrafts();
  /** @type {Promise<IDBDatabase>|null} */
  let opened = null;
  /** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} act */
  const ask = async (mode, act) => {
    opened ??= database();
    return answer(act((await opened).transaction(STORE, mode).objectStore(STORE)));
  };
  return {
    put: (draft) => ask("readwrite", (store) => store.put(draft)).catch(() => memory.put(draft)),
    remove: (key) => ask("readwrite", (store) => store.delete(key)).catch(() => memory.remove(key)),
    all: (prefix) =>
      ask("readonly", (store) => store.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`))).catch(() => memory.all(prefix)),
  };
}

/** @returns {Promise<IDBDatabase>} */
async function database() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
  return answer(request);
}

/** @param {IDBRequest} request @returns {Promise<any>} */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
