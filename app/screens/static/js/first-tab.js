/** Adapter: which of a browser's tabs is the first to tell a thing. */

const DATABASE = "mimamori.board";
const STORE = "told";
/** A level that falls and rises again within this time is the same event. */
const SAME_MS = 30_000;

let opened = null;

function open() {
  opened ??= new Promise((ok, failed) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onerror = () => failed(asked.error);
    asked.onsuccess = () => {
      // Somebody clears the browser's data while the board is open: opened anew the next time.
      asked.result.onclose = () => (opened = null);
      ok(asked.result);
    };
  });
  return opened;
}

/**
 * Say whether this tab is the first to tell `key`; the others then keep quiet.
 *
 * Decided in one writing transaction, of which a browser runs one after the other over all tabs. localStorage
 * under a Web Lock was not enough: a tab in another process reads there what the first wrote only a while later.
 */
export async function claim(key, nowMs = Date.now()) {
  try {
    return await claimed(await open(), key, nowMs);
  } catch {
    opened = null;
    return true; // storage is blocked: better told twice than never
  }
}

function claimed(database, key, nowMs) {
  return new Promise((ok, failed) => {
    const transaction = database.transaction(STORE, "readwrite");
    const told = transaction.objectStore(STORE);
    let first = true;
    told.openCursor().onsuccess = ({ target }) => {
      const entry = target.result;
      if (!entry) {
        if (first) told.put(nowMs, key);
        return;
      }
      if (Math.abs(nowMs - entry.value) >= SAME_MS) entry.delete();
      else if (entry.key === key) first = false;
      entry.continue();
    };
    transaction.oncomplete = () => ok(first);
    transaction.onabort = () => failed(transaction.error);
  });
}
