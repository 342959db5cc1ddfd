// What raising a demand gains with JavaScript; without it the steps work by forms alone.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const KEPT_WORDS = "huying-words";
const RECEIPTS_KEPT = 24 * 3600 * 1000;

/** Send the first step with a count of how far the photos are; the page that follows is opened as ever. */
async function sendWithPhotos(form, status) {
  const body = new FormData(form);
  const photos = body.getAll("photos").filter((file) => file.size);
  body.delete("photos");
  for (const file of await self.photos.smaller(photos)) body.append("photos", file, file.name);
  const request = new XMLHttpRequest();
  request.upload.onprogress = ({ loaded, total }) => {
    status.textContent = status.dataset.sending.replace("%", `${Math.round((100 * loaded) / total)}%`);
  };
  request.onload = async () => {
    if (request.status < 400 && request.responseURL) return location.assign(request.responseURL);
    await self.photos.forget(); // they lie with the draft now
    const answer = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
    if (!answer) return failed(form, status);
    document.querySelector("main").replaceWith(answer);
    document.querySelector(".error-summary")?.focus();
    begin();
  };
  request.onerror = () => failed(form, status);
  request.open("POST", form.action);
  request.send(body);
}

function failed(form, status) {
  status.textContent = status.dataset.failed;
  form.querySelector("[data-offline-way]").hidden = !navigator.serviceWorker?.controller;
  all("button", form).forEach((button) => (button.disabled = false));
}

function withPhotos(form) {
  const status = form.querySelector(".sending");
  const input = form.querySelector("#photos");
  if (!input) return;
  self.photos.limit(input);
  self.photos.keep(input);
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    status.hidden = false;
    status.textContent = status.dataset.sending.replace("%", "0%");
    all("button", form).forEach((button) => (button.disabled = true));
    sendWithPhotos(form, status);
  });
}

/** Words survive a closed browser until they have reached the server. */
function withKeptWords(form) {
  const field = form.querySelector("#words");
  if (!field.value) field.value = localStorage.getItem(KEPT_WORDS) ?? "";
  field.addEventListener("input", () => localStorage.setItem(KEPT_WORDS, field.value));
}

/** While somebody writes: what it may be about, and whether others have said so. */
function withHints(form) {
  const field = form.querySelector("#words");
  const place = form.querySelector(".hints");
  let waiting, asked = "";
  const ask = async () => {
    const words = field.value.trim();
    if (words.length < 6 || words === asked) return;
    asked = words;
    const body = new FormData();
    body.set("words", words);
    body.set("division", place.dataset.division);
    const headers = { "X-CSRF-Token": form.querySelector('input[name="csrf"]').value };
    const answer = await fetch(place.dataset.address, { method: "POST", body, headers }).catch(() => null);
    if (!answer?.ok || words !== field.value.trim()) return;
    const { lines } = await answer.json();
    place.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 700);
  });
}

/** A position leads to the place at once where the server can find it. */
function withPosition(form) {
  self.withPosition(form);
  form.addEventListener("located", () => form.querySelector('button[value="located"]')?.click());
}

/** Shorten a long list of places. */
function withNarrowing(form) {
  const field = form.querySelector("#narrow");
  if (!field) return;
  field.parentElement.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.trim().toLowerCase();
    all(".places li", form).forEach((item) => (item.hidden = !item.textContent.toLowerCase().includes(words)));
  });
  field.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
}

/** Without a network: keep the demand in this phone, and send it when there is one. */
function withQueue(form) {
  const queue = self.waitingDemands;
  const list = document.querySelector(".waiting-demands");
  const words = form.querySelector("#words");
  if (!words.value) words.value = localStorage.getItem(KEPT_WORDS) ?? "";
  words.addEventListener("input", () => localStorage.setItem(KEPT_WORDS, words.value));
  const input = form.querySelector("#photos");
  if (input) {
    self.photos.limit(input);
    self.photos.keep(input);
  }
  // Made with the draft: pressing twice keeps one demand.
  let key = crypto.randomUUID();

  async function show() {
    await queue.forget(Date.now() - RECEIPTS_KEPT);
    const demands = await queue.all();
    list.hidden = !demands.length;
    list.querySelector("ul").replaceChildren(...demands.map((demand) => line(demand, list.dataset, change)));
  }

  /** One that was refused, to be kept once more under its key. */
  function change(demand) {
    key = demand.key;
    form.reset();
    for (const [name, value] of Object.entries(demand.fields)) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    if (input) self.photos.choose(input, demand.photos ?? []);
    words.focus();
  }
  const send = () => queue.send().catch(() => {}).then(show);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const status = form.querySelector(".sending");
    status.hidden = true;
    try {
      await queue.put({ key, begun: Date.now(), ...(await keptParts(form)) });
    } catch {
      status.textContent = status.dataset.full;
      status.hidden = false;
      return;
    }
    key = crypto.randomUUID();
    form.reset();
    form.querySelector(".chosen-files")?.replaceChildren();
    words.value = "";
    localStorage.removeItem(KEPT_WORDS);
    await self.photos.forget();
    await show();
    list.focus();
    const worker = await navigator.serviceWorker?.getRegistration("/raise");
    await worker?.sync?.register("huying-demands").catch(() => {});
    await send();
  });
  addEventListener("online", send);
  send();
}

/** What is kept of a form: its words by the name of the field, and its photos, made smaller. */
async function keptParts(form) {
  const body = new FormData(form);
  const photos = await self.photos.toKeep(body.getAll("photos").filter((file) => file.size));
  for (const name of ["csrf", "photos"]) body.delete(name);
  return { fields: Object.fromEntries(body), photos };
}

function line(demand, said, change) {
  const item = document.createElement("li");
  if (demand.number) {
    const link = Object.assign(document.createElement("a"), { href: demand.receipt, textContent: demand.number });
    const out = demand.photos_left_out ? said.leftOut.replace("%", demand.photos_left_out) : "";
    item.append(`${said.sent} `, link, out);
  } else {
    const photos = demand.photos?.length ? said.photos.replace("%", demand.photos.length) : "";
    const state = demand.refused ? self.sending.words(demand.refused, said) : said.waits;
    const words = demand.fields.words.slice(0, 30);
    item.textContent = `${state}：${words}${photos} `;
    if (demand.refused) item.append(changing(words, said, () => change(demand)));
  }
  return item;
}

function changing(words, said, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: said.change });
  button.append(Object.assign(document.createElement("span"), { className: "unseen", textContent: ` ${words}` }));
  button.addEventListener("click", act);
  return button;
}

/** Let the form for places without a network be there before it is needed. Without a network the next page tries again. */
async function withWorker() {
  const registration = await navigator.serviceWorker?.register("/raise/worker.js", { scope: "/raise" }).catch(() => null);
  registration?.active?.postMessage("keep");
}

function begin() {
  const words = document.querySelector("form[data-words]");
  if (words) [withPhotos, withKeptWords, withHints].forEach((gain) => gain(words));
  const where = document.querySelector("form[data-where]");
  if (where) [withPosition, withNarrowing].forEach((gain) => gain(where));
  const offline = document.querySelector("form[data-offline]");
  if (offline) withQueue(offline);
  // The words and photos have arrived: later steps have them from the server.
  if (words || offline) return;
  localStorage.removeItem(KEPT_WORDS);
  self.photos.forget();
}

begin();
withWorker().catch(() => {}); // without a secure origin there is none
