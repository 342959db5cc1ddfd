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
const RECENT = "huying-field-categories";
const OPEN = "huying-field-visit";
let visit = null; // the one that is open

const demandsOf = async (id) => (await store.all("demands")).filter((it) => it.visit === id && it.who === said.who);
const placeName = (code) => one(`#division option[value="${CSS.escape(code)}"]`)?.textContent ?? code;
const read = (form) => {
  const fields = Object.fromEntries(new FormData(form));
  for (const name of ["csrf", "key", "id"]) delete fields[name];
  return fields;
};

/** Show one of the three parts, and begin there. */
async function go(view) {
  if (view !== "begin" && !visit) view = "begin";
  sessionStorage.setItem(OPEN, view === "begin" ? "" : visit.id);
  for (const part of all("[data-view]")) part.hidden = part.dataset.view !== view;
  const latest = one("[data-latest]");
  if (latest) latest.hidden = view !== "begin";
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
  if (!visit) return;
  visit = (await store.all("visits")).find((it) => it.id === visit.id) ?? visit;
  const mine = (await demandsOf(visit.id)).sort((a, b) => a.booked - b.booked);
  one("[data-visit-place]").textContent = placeName(visit.fields.division);
  one("[data-visit-day]").textContent = visit.fields.held_on;
  one("[data-visit-count]").textContent = said.count.replace("%", mine.length);
  for (const list of all("[data-list]")) list.replaceChildren(...mine.map(line));
  one("[data-summary]").replaceChildren(...summary(mine));
  if (visit.refused) tell(`${said.refused}：${visit.refused}`, "wrong");
}

/** Visits of this person that lie on the device, to go on with. */
async function showVisits() {
  const mine = (await store.all("visits")).filter((it) => it.who === said.who).sort((a, b) => b.begun - a.begun);
  const buttons = mine.map((it) => {
    const button = made("button", `${it.fields.held_on} ${placeName(it.fields.division)} ›`, { type: "button" });
    button.addEventListener("click", () => ((visit = it), go("visit")));
    return button;
  });
  one("[data-open-visits]").replaceChildren(...(buttons.length ? [made("h2", said.kept), ...buttons] : []));
}

function line(demand) {
  const item = made("li");
  const words = demand.begin ?? demand.fields.words.slice(0, store.FIRST_WORDS);
  const state = demand.number ? `${said.sent} ${demand.number}` : demand.refused ? said.refused : said.waits;
  item.append(made("bdi", words), " ", made("span", state, { className: `tag ${demand.number ? "done" : demand.refused ? "reopened" : "paused"}` }));
  if (demand.spot ?? demand.fields?.on_the_spot) item.append(" ", made("strong", said.spot));
  if (demand.code) item.append(" ", made("span", `${said.code} ${demand.code}`, { className: "soft" }));
  if (demand.changed) item.append(made("p", said.changed, { className: "soft" }));
  if (demand.refused) item.append(made("p", demand.refused, { className: "error" }));
  if (demand.fields) item.append(...[["edit", edit], ["remove", drop]].map(([name, act]) => {
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
    [said.day, fields.held_on], [said.place, placeName(fields.division)], [said.by, said.staff],
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

function fill(form, fields) {
  form.reset();
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements[name];
    if (field?.type === "checkbox") field.checked = true;
    else if (field) field.value = value;
  }
  for (const box of all('input[type="checkbox"]', form)) if (!(box.name in fields)) box.checked = false;
}

function edit(demand) {
  fill(demandForm, demand.fields);
  demandForm.elements.key.value = demand.key;
  go("visit").then(() => demandForm.elements.words.focus());
}

async function drop(demand) {
  await store.remove("demands", demand.key);
  await show();
}

function next() {
  demandForm.reset();
  demandForm.elements.key.value = crypto.randomUUID();
  if (visit) demandForm.elements.division.value = visit.fields.division;
  showRecent();
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
    tell(fault.expired || !before ? "" : navigator.onLine ? said.failed : said.offline);
  }
  await show();
}

visitForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const id = crypto.randomUUID();
  visit = { id, who: said.who, begun: Date.now(), fields: read(visitForm), unsent: true };
  await store.put("visits", visit);
  next();
  await go("visit");
  await send();
});

demandForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = read(demandForm);
  const key = demandForm.elements.key.value || crypto.randomUUID();
  const known = (await store.all("demands")).find((it) => it.key === key);
  if (!known?.number) await store.put("demands", { key, visit: visit.id, who: said.who, booked: known?.booked ?? Date.now(), fields });
  remember(fields.category);
  next();
  tell(said.kept);
  await show();
  demandForm.elements.words.focus();
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

/** Categories that were used lately come first; a few letters find the others. */
const select = demandForm.elements.category;
const listed = all("option", select).filter((it) => it.value).map((it) => [it.value, it.textContent]);
const lately = () => JSON.parse(localStorage.getItem(RECENT) ?? "[]");

function remember(category) {
  if (category) localStorage.setItem(RECENT, JSON.stringify([category, ...lately().filter((it) => it !== category)].slice(0, 5)));
}

function put(label, pairs) {
  one("optgroup[data-first]", select)?.remove();
  if (!pairs.length) return;
  const group = made("optgroup", "", { label });
  group.dataset.first = "";
  group.append(...pairs.map(([value, textContent]) => made("option", textContent, { value })));
  select.options[0].after(group);
}

const showRecent = () => put(select.dataset.recent, lately().map((code) => listed.find(([value]) => value === code)).filter(Boolean));
const narrow = one("#narrow");
narrow.parentElement.hidden = false;
narrow.addEventListener("input", () => {
  const words = narrow.value.trim().toLowerCase();
  const found = words ? listed.filter(([, name]) => name.toLowerCase().includes(words)).slice(0, 8) : [];
  if (!words) return showRecent();
  put(narrow.labels[0].textContent, found);
  select.value = found[0]?.[0] ?? "";
});
narrow.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());

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
    localStorage.removeItem(RECENT);
    await caches.delete("huying-field");
    await (await navigator.serviceWorker?.getRegistration("/field"))?.unregister();
    location.assign(`/field${lang}`);
  },
};
app.addEventListener("click", ({ target }) => {
  const act = target.closest("[data-go]")?.dataset.go;
  if (act) (ACTS[act] ?? (() => go(act)))();
});

/** Let the page be there before it is needed without a network. */
async function withWorker() {
  const registration = await navigator.serviceWorker?.register("/field/worker.js", { scope: "/field" });
  registration?.active?.postMessage("keep");
}

addEventListener("online", send);
addEventListener("offline", () => tell(said.offline));
one("[data-device]").hidden = false;
next();
visit = (await store.all("visits")).find((it) => it.id === sessionStorage.getItem(OPEN) && it.who === said.who) ?? null;
if (visit) {
  next();
  await go("visit");
} else await show();
await send();
withWorker().catch(() => {}); // without a secure origin there is none
