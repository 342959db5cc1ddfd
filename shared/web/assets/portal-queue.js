// Demands that wait in this phone for a network: for the page that keeps them, and for the worker that sends them later.

self.waitingDemands = (() => {
  const STORE = "demands";
  const store = self.deviceStore("huying", { [STORE]: "key" });
  const all = () => store.all(STORE);
  const put = (demand) => store.put(STORE, demand);

  /** Receipts are shown by the server for a day. */
  async function forget(before) {
    for (const { key, number, begun } of await all()) {
      if (number && begun < before) await store.remove(STORE, key);
    }
  }

  /** The page may have been kept for days: the token against forged requests is asked for anew. */
  async function token() {
    const page = await (await fetch("/raise/offline", { cache: "no-store", credentials: "same-origin" })).text();
    return page.match(/name="csrf" value="([0-9a-f]+)"/)?.[1] ?? "";
  }

  async function sendOne(demand, headers) {
    const refuse = (refused) => put({ ...demand, refused });
    if (self.sending.tooLarge(demand.photos)) return refuse(self.sending.TOO_LARGE);
    const body = self.sending.form({ ...demand.fields, key: demand.key }, demand.photos);
    const answer = await fetch("/raise/offline", { method: "POST", body, headers });
    if (answer.ok) return put({ key: demand.key, begun: demand.begun, ...(await answer.json()) });
    if (!self.sending.lasts(answer.status)) throw self.sending.later(answer.status);
    const { detail } = answer.status === 422 ? await answer.json().catch(() => ({})) : {};
    return refuse(detail || answer.status);
  }

  /** Send what waits, each under the key that was made with it: sent again it is the same demand. */
  async function send() {
    const waiting = (await all()).filter((demand) => demand.fields && !demand.refused);
    if (!waiting.length) return;
    const headers = { Accept: "application/json", "X-CSRF-Token": await token() };
    const fault = await self.sending.each(waiting, (demand) => sendOne(demand, headers));
    if (fault) throw fault;
  }

  return { all, put, forget, send };
})();
