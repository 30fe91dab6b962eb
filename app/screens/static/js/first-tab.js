/** Adapter: which of a browser's tabs is the first to tell a thing. */

const DATABASE = "mimamori.board";
const STORE = "told";
/** A level that falls and rises again within this time is the same event. */
const SAME_MS = 30_000;
/** Longer than a database that works takes; one that never answers must not keep a call for help quiet. */
const PATIENCE_MS = 2_000;

let opened = null;

function open() {
  opened ??= opening();
  return opened;
}

function opening() {
  const mine = new Promise((ok, failed) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onerror = () => failed(asked.error);
    asked.onblocked = () => failed(new Error("blocked"));
    asked.onsuccess = () => {
      const database = asked.result;
      const letGo = () => {
        database.close();
        if (opened === mine) opened = null;
      };
      // Somebody clears the browser's data, or a newer page needs them otherwise: opened anew the next time.
      database.onclose = database.onversionchange = letGo;
      if (opened === mine) ok(database);
      else letGo(); // too late: nobody waits for it any more
    };
  });
  return mine;
}

/**
 * Say whether this tab is the first to tell `key`; the others then keep quiet.
 *
 * Decided in one writing transaction, of which a browser runs one after the other over all tabs. localStorage
 * under a Web Lock was not enough: a tab in another process reads there what the first wrote only a while later.
 */
export async function claim(key, nowMs = Date.now()) {
  let late;
  const patience = new Promise((_ok, failed) => {
    late = setTimeout(() => failed(new Error("late")), PATIENCE_MS);
  });
  try {
    const deciding = open().then((database) => claimed(database, key, nowMs));
    return await Promise.race([deciding, patience]);
  } catch {
    opened = null;
    return true; // storage is blocked or hangs: better told twice than never
  } finally {
    clearTimeout(late);
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
