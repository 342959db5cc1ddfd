// Visits and what was booked on them, as far as this device keeps them: for the page, and for the worker that sends later.

self.fieldVisits = (() => {
  const KEPT_AFTERWARDS = 24 * 3600 * 1000;
  const FIRST_WORDS = 16;

  const { all, put, remove, clear } = self.deviceStore("huying-field", { visits: "id", demands: "key" });
  const isWaiting = (demand) => Boolean(demand.fields) && !demand.refused;

  /** What was sent stays for a day; a visit, as long as something of it does. */
  async function forget(now) {
    const before = now - KEPT_AFTERWARDS;
    for (const one of await all("demands")) if (one.number && one.booked < before) await remove("demands", one.key);
    const demands = await all("demands");
    for (const visit of await all("visits")) {
      if (visit.begun < before && !demands.some((one) => one.visit === visit.id)) await remove("visits", visit.id);
    }
  }

  const headers = (csrf) => ({ Accept: "application/json", "X-CSRF-Token": csrf });

  /** What a person sees of a demand: two of the same content are the same. */
  const content = ({ fields, photos = [] }) => JSON.stringify([fields, photos.map(({ name, size }) => [name, size])]);

  /** Who is signed in now, with the token of their forms; a page may have been kept for days. */
  async function signedIn() {
    const answer = await fetch("/field/token", { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 401) throw Object.assign(new Error("sign in again"), { expired: true });
    if (!answer.ok) throw new Error(`try again later: ${answer.status}`);
    return answer.json();
  }

  /** The answer in JSON, or an error where it has to be tried again; `refused`: in words, or the status alone. */
  async function sent(path, body, csrf) {
    const answer = await fetch(path, { method: "POST", body, headers: headers(csrf) });
    if (answer.ok) return answer.json();
    if (answer.status === 401) throw Object.assign(new Error("sign in again"), { expired: true });
    if (!self.sending.lasts(answer.status)) throw self.sending.later(answer.status);
    const { errors = {} } = answer.status === 422 ? await answer.json().catch(() => ({})) : {};
    return { refused: Object.values(errors).join("；") || answer.status };
  }

  async function sendVisits({ csrf, who }, lang) {
    const waiting = (await all("visits")).filter((one) => one.unsent && one.who === who);
    return self.sending.each(waiting, async (visit) => {
      const { refused } = await sent(`/field/visits${lang}`, self.sending.form({ ...visit.fields, id: visit.id }), csrf);
      const now = (await all("visits")).find((one) => one.id === visit.id);
      // Changed while it was on its way: it is sent once more.
      if (now) await put("visits", { ...now, refused, unsent: JSON.stringify(now.fields) !== JSON.stringify(visit.fields) });
    });
  }

  async function sendDemands({ csrf, who }, lang) {
    const visits = new Map((await all("visits")).map((one) => [one.id, one]));
    // The server knows no demand of a visit that has not arrived.
    const arrived = (visit) => !visit?.refused && !visit?.unsent;
    const mine = (one) => isWaiting(one) && one.who === who && arrived(visits.get(one.visit));
    const waiting = (await all("demands")).filter(mine).sort((a, b) => a.booked - b.booked);
    return self.sending.each(waiting, async (demand) => {
      const { key, visit, booked, fields, photos } = demand;
      const body = self.sending.form({ ...fields, key, booked_at: booked }, photos);
      const told = self.sending.tooLarge(photos)
        ? { refused: self.sending.TOO_LARGE }
        : await sent(`/field/visits/${visit}/demands${lang}`, body, csrf);
      const now = (await all("demands")).find((one) => one.key === key);
      if (told.refused) {
        // Changed or removed while it was on its way: the refusal is of words that are here no more.
        if (now && content(now) === content(demand)) await put("demands", { ...now, refused: told.refused });
      } else {
        const { number, code, changed, left_out } = told;
        const begin = fields.words.slice(0, FIRST_WORDS);
        // Changed while it was on its way: taken with the earlier words, which the device says.
        const late = Boolean(now?.fields) && content(now) !== content(demand);
        const spot = Boolean(fields.on_the_spot);
        // Name, phone, words and photos leave the device with this.
        await put("demands", { key, visit, who, booked, begin, spot, number, code, left_out, changed: changed || late });
      }
    });
  }

  /** Send what waits, each under the key that was made with it: sent again it is the same demand. */
  async function send(lang = "") {
    const waits = (await all("demands")).some(isWaiting) || (await all("visits")).some((one) => one.unsent);
    if (!waits) return;
    const now = await signedIn();
    const faults = [await sendVisits(now, lang), await sendDemands(now, lang)].filter(Boolean);
    if (faults.length) throw faults[0];
  }

  /** One tab or worker at a time: two at once would do no harm, and say everything twice. */
  const alone = (lang) => (navigator.locks ? navigator.locks.request("huying-field", () => send(lang)) : send(lang));

  return { all, put, remove, forget, clear, send: alone, isWaiting, FIRST_WORDS };
})();
