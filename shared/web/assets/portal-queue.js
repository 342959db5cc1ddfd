// Demands that wait in this phone for a network: for the page that keeps them, and for the worker that sends them later.

self.waitingDemands = (() => {
  const STORE = "demands";

  const opened = () =>
    new Promise((done, fail) => {
      const request = indexedDB.open("huying", 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });

  async function run(mode, act) {
    const database = await opened();
    try {
      return await new Promise((done, fail) => {
        const transaction = database.transaction(STORE, mode);
        const request = act(transaction.objectStore(STORE));
        transaction.oncomplete = () => done(request.result);
        transaction.onabort = () => fail(transaction.error);
      });
    } finally {
      database.close();
    }
  }

  const all = () => run("readonly", (store) => store.getAll());
  const put = (demand) => run("readwrite", (store) => store.put(demand));

  /** Receipts are shown by the server for a day. */
  async function forget(before) {
    for (const { key, number, begun } of await all()) {
      if (number && begun < before) await run("readwrite", (store) => store.delete(key));
    }
  }

  /** The page may have been kept for days: the token against forged requests is asked for anew. */
  async function token() {
    const page = await (await fetch("/raise/offline", { cache: "no-store", credentials: "same-origin" })).text();
    return page.match(/name="csrf" value="([0-9a-f]+)"/)?.[1] ?? "";
  }

  /** Send what waits, each under the key that was made with it: sent again it is the same demand. */
  async function send() {
    const waiting = (await all()).filter((demand) => demand.fields && !demand.refused);
    if (!waiting.length) return;
    const headers = { Accept: "application/json", "X-CSRF-Token": await token() };
    for (const demand of waiting) {
      const body = new FormData();
      for (const [name, value] of Object.entries({ ...demand.fields, key: demand.key })) body.set(name, value);
      for (const photo of demand.photos ?? []) body.append("photos", photo, photo.name);
      const answer = await fetch("/raise/offline", { method: "POST", body, headers });
      if (answer.ok) await put({ key: demand.key, begun: demand.begun, ...(await answer.json()) });
      else if (answer.status === 422) await put({ ...demand, refused: (await answer.json()).detail });
      else throw new Error(`try again later: ${answer.status}`);
    }
  }

  return { all, put, forget, send };
})();
