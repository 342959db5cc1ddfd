// Booking demands on a visit with JavaScript: everything lies on the device first, and is sent when there is a network.

const store = self.fieldVisits;
const app = document.querySelector(".field-app");
const said = app.dataset;
const lang = said.lang === "en" ? "?lang=en" : "";
const one = (selector, root = app) => root.querySelector(selector);
const all = (selector, root = app) => [...root.querySelectorAll(selector)];
const made = (name, words = "", more = {}) => Object.assign(document.createElement(name), { textContent: words, ...more });
const visitForm = one("form[data-visit]");
const demandForm = one("form[data-demand]");
const OPEN = "huying-field-visit";
const booking = self.fieldForm(demandForm, said);
let visit = null; // the one that is open
let just = null; // the key of what was booked last

const demandsOf = async (id) => (await store.all("demands")).filter((it) => it.visit === id && it.who === said.who);
const dayName = (day) => new Intl.DateTimeFormat(said.lang, { month: "long", day: "numeric" }).format(new Date(`${day}T12:00`));
const placeName = (code) => one(`#division option[value="${CSS.escape(code)}"]`)?.textContent ?? code;
const read = (form) => {
  const fields = Object.fromEntries(new FormData(form));
  for (const name of ["csrf", "id"]) delete fields[name];
  return fields;
};

/** Show one of the three parts, and begin there. */
async function go(view) {
  if (view !== "begin" && !visit) view = "begin";
  sessionStorage.setItem(OPEN, view === "begin" ? "" : visit.id);
  for (const part of all("[data-view]")) part.hidden = part.dataset.view !== view;
  const latest = one("[data-latest]");
  if (latest) latest.hidden = view !== "begin";
  one("[data-device]").hidden = view === "visit";
  if (view !== "visit") just = null;
  if (one("[data-status]").classList.contains("good")) tell("");
  await show();
  const heading = one(`[data-view="${view}"] h1`);
  heading.tabIndex = -1;
  heading.focus();
  scrollTo(0, 0);
}

/** What the device keeps, as it is now. */
async function show() {
  await store.forget(Date.now());
  const demands = await store.all("demands");
  const others = demands.filter((it) => it.who !== said.who && store.isWaiting(it)).length;
  const note = one("[data-others-note]");
  note.hidden = !others;
  note.textContent = said.others.replace("%", others);
  await showVisits();
  showJust(demands.find((it) => it.key === just));
  if (!visit) return;
  visit = (await store.all("visits")).find((it) => it.id === visit.id) ?? visit;
  const mine = (await demandsOf(visit.id)).sort((a, b) => a.booked - b.booked);
  one("[data-visit-place]").textContent = placeName(visit.fields.division);
  one("[data-visit-day]").textContent = dayName(visit.fields.held_on);
  one("[data-visit-count]").textContent = said.count.replace("%", mine.length);
  for (const list of all("[data-list]")) list.replaceChildren(...mine.map((it) => line(it)));
  one("[data-summary]").replaceChildren(...summary(mine));
  if (visit.refused) tell(`${said.refused}：${self.sending.words(visit.refused, said)}`, "wrong");
}

/** What was booked last, above the form for the next one: its number and code are what the resident is told. */
function showJust(demand) {
  const card = one("[data-just]");
  card.hidden = !demand;
  one("ul", card).replaceChildren(...(demand ? [line(demand, false)] : []));
}

/** Visits of this person that lie on the device, to go on with. */
async function showVisits() {
  const mine = (await store.all("visits")).filter((it) => it.who === said.who).sort((a, b) => b.begun - a.begun);
  const buttons = await Promise.all(mine.map(async (it) => {
    const demands = await demandsOf(it.id);
    const waiting = demands.filter((one) => one.fields).length;
    const counts = said.count.replace("%", demands.length) + (waiting ? ` · ${said.unsent} ${waiting}${said.pieces}` : "");
    const button = made("button", `${dayName(it.fields.held_on)} ${placeName(it.fields.division)} · ${counts} ›`, { type: "button" });
    button.addEventListener("click", () => ((visit = it), begin(), go("visit")));
    return button;
  }));
  one("[data-open-visits]").replaceChildren(...(buttons.length ? [made("h2", said.goOn), ...buttons, made("h2", said.anew)] : []));
}

function line(demand, mayChange = true) {
  const item = made("li");
  const words = demand.begin ?? demand.fields.words.slice(0, store.FIRST_WORDS);
  const state = demand.number ? `${said.sent} ${demand.number}` : demand.refused ? said.refused : said.waits;
  item.append(made("bdi", words), " ", made("span", state, { className: `tag ${demand.number ? "done" : demand.refused ? "reopened" : "paused"}` }));
  if (demand.spot ?? demand.fields?.on_the_spot) item.append(" ", made("strong", said.spot));
  if (demand.code) item.append(" ", made("span", `${said.code} ${demand.code}`, { className: "soft unbroken" }));
  const also = [
    demand.photos?.length && said.photos.replace("%", demand.photos.length), demand.fields?.lat && said.point,
  ].filter(Boolean);
  if (also.length) item.append(" ", made("span", also.join(" · "), { className: "soft" }));
  if (demand.left_out) item.append(made("p", demand.left_out, { className: "error" }));
  if (demand.changed) item.append(made("p", said.changed, { className: "soft" }));
  if (demand.refused) item.append(made("p", self.sending.words(demand.refused, said), { className: "error" }));
  if (demand.fields && mayChange) item.append(...[["edit", edit], ["remove", drop]].map(([name, act]) => {
    const button = made("button", said[name], { type: "button", className: "as-link" });
    button.append(made("span", ` ${words}`, { className: "unseen" }));
    button.addEventListener("click", () => act(demand));
    return button;
  }));
  return item;
}

function summary(demands) {
  const { fields } = visit;
  const solved = demands.filter((it) => it.spot ?? it.fields?.on_the_spot).length;
  const unsent = demands.filter((it) => it.fields).length;
  const rows = [
    [said.day, dayName(fields.held_on)], [said.place, placeName(fields.division)], [said.by, said.staff],
    [said.team, fields.members || "—"], [said.households, fields.households || "—"],
    [said.booked, `${demands.length}${said.pieces}`], [said.solved, `${solved}${said.pieces}`],
    ...(unsent ? [[said.unsent, `${unsent}${said.pieces}`]] : []),
  ];
  return rows.map(([label, words]) => {
    const row = made("div");
    row.append(made("dt", label), made("dd", words));
    return row;
  });
}

function edit(demand) {
  booking.edit(demand);
  go("visit").then(() => demandForm.elements.words.focus());
}

/** An empty form, for the next demand in the village of the visit. */
const begin = () => booking.empty(visit.fields.division);

async function drop(demand) {
  if (!confirm(said.sure.replace("%", demand.fields.words.slice(0, store.FIRST_WORDS)))) return;
  await store.remove("demands", demand.key);
  await show();
}

function tell(words, tone = "") {
  const place = one("[data-status]");
  place.hidden = !words;
  place.className = `notice ${tone}`;
  place.textContent = words;
}

/** How many of this person's wait, and how many were not taken. */
async function unsent() {
  const mine = (await store.all("demands")).filter((it) => it.who === said.who && it.fields);
  const waiting = mine.filter(store.isWaiting).length;
  return { waiting, refused: mine.length - waiting };
}

/** Send what waits and say how it went. */
async function send() {
  const before = (await unsent()).waiting;
  const notice = one("[data-sign-in]");
  if (before) tell(said.sending);
  try {
    await store.send(lang);
    notice.hidden = true;
    const { waiting, refused } = await unsent();
    if (refused) tell(said.someRefused.replace("%", refused), "wrong");
    else if (before) tell(waiting ? "" : said.allSent, "good");
  } catch (fault) {
    notice.hidden = !fault.expired;
    one("span", notice).textContent = said.expired;
    tell(fault.expired || (!before && navigator.onLine) ? "" : navigator.onLine ? said.failed : said.offline);
  }
  await show();
}

visitForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const id = crypto.randomUUID();
  visit = { id, who: said.who, begun: Date.now(), fields: read(visitForm), unsent: true };
  await store.put("visits", visit);
  begin();
  await go("visit");
  await send();
});

/** Keep the demand of the form on the device; fails where there is no room for it. */
async function keep() {
  const [key, fields] = [booking.key(), booking.read()];
  const photos = await booking.photos();
  const known = (await store.all("demands")).find((it) => it.key === key);
  const booked = known?.booked ?? Date.now();
  // Sent while somebody was changing it: the first words hold, which the list says.
  const kept = known?.number ? { ...known, changed: true } : { key, visit: visit.id, who: said.who, booked, fields, photos };
  await store.put("demands", kept);
  booking.remember(fields.category);
  booking.forgetWritten();
  just = key;
}

demandForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const status = one(".sending", demandForm);
  const button = one("button.primary", demandForm);
  button.disabled = true;
  status.textContent = status.dataset.busy;
  status.hidden = !demandForm.elements.photos?.files.length;
  try {
    await keep();
    status.hidden = true;
  } catch {
    status.textContent = status.dataset.full;
    status.hidden = false;
    return;
  } finally {
    button.disabled = false;
  }
  begin();
  tell(said.kept);
  await show();
  one("[data-just]").focus();
  scrollTo(0, 0);
  const worker = await navigator.serviceWorker?.getRegistration("/field");
  await worker?.sync?.register("huying-field").catch(() => {});
  await send();
});

one("form[data-households]").addEventListener("submit", async (event) => {
  event.preventDefault();
  visit = { ...visit, unsent: true, refused: undefined, fields: { ...visit.fields, households: one("#counted").value } };
  await store.put("visits", visit);
  await send();
});

const ACTS = {
  print: () => print(),
  "ask-clear": async () => {
    const words = one("[data-really-words]");
    const lost = (await store.all("demands")).filter((it) => it.fields).length;
    words.textContent = lost ? words.dataset.loses.replace("%", lost) : words.dataset.none;
    one("[data-really]").hidden = false;
  },
  keep: () => (one("[data-really]").hidden = true),
  clear: async () => {
    await store.clear();
    booking.forget();
    await caches.delete("huying-field");
    await (await navigator.serviceWorker?.getRegistration("/field"))?.unregister();
    location.assign(`/field${lang}`);
  },
};
app.addEventListener("click", ({ target }) => {
  const act = target.closest("[data-go]")?.dataset.go;
  if (act) (ACTS[act] ?? (() => go(act)))();
});

/** Let the page be there before it is needed without a network. If the network goes just now, the next visit tries again. */
async function withWorker() {
  const registration = await navigator.serviceWorker?.register("/field/worker.js", { scope: "/field" }).catch(() => null);
  registration?.active?.postMessage("keep");
}

addEventListener("online", () => (tell(""), send()));
addEventListener("offline", () => tell(said.offline));
one("[data-device]").hidden = false;
visit = (await store.all("visits")).find((it) => it.id === sessionStorage.getItem(OPEN) && it.who === said.who) ?? null;
if (visit) {
  begin();
  booking.asWritten();
  await go("visit");
} else await show();
if (!navigator.onLine) tell(said.offline);
await send();
withWorker().catch(() => {}); // without a secure origin there is none
