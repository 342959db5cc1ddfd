// The form of one demand on a visit: what is written in it, its photos, its point, and the search for a category.

self.fieldForm = (form, { who, book, save }) => {
  const RECENT = "huying-field-categories";
  const ANYBODYS = "huying-field-writing-";
  const WRITING = ANYBODYS + who;
  const one = (selector) => form.querySelector(selector);
  const { photos, lat, lon, key, division, category } = form.elements;
  const from = form.elements.go; // tells whether the point is the phone's or the map's, whose coordinates may be others
  const place = one(".position");

  const read = () => {
    const fields = Object.fromEntries(new FormData(form));
    for (const name of ["csrf", "key", "photos"]) delete fields[name];
    return fields;
  };

  function fill(fields, chosen = []) {
    empty();
    for (const [name, value] of Object.entries(fields)) {
      const field = form.elements[name];
      if (field?.type === "checkbox") field.checked = true;
      else if (field) field.value = value;
    }
    for (const box of form.querySelectorAll('input[type="checkbox"]')) if (!(box.name in fields)) box.checked = false;
    if (photos && chosen.length) self.photos.choose(photos, chosen);
    if (category.value) category.closest("details").open = true;
    showPoint();
  }

  /** For the next demand; it is in the village of the visit, until somebody says otherwise. */
  function empty(home = division.value) {
    form.reset();
    if (photos) self.photos.choose(photos, []);
    key.value = crypto.randomUUID();
    division.value = home;
    withoutPoint();
    showRecent();
    one("button.primary").textContent = book;
  }

  /** A demand that was not sent yet, to be changed. */
  function edit(demand) {
    fill(demand.fields, demand.photos);
    key.value = demand.key;
    one("button.primary").textContent = save;
  }

  /** What is being written survives a page that is loaded again; its photos do not. */
  const written = () => sessionStorage.setItem(WRITING, JSON.stringify({ key: key.value, fields: read() }));
  const forgetWritten = () => sessionStorage.removeItem(WRITING);

  /** What anybody was writing here, whoever is signed in now, and what they chose lately. */
  function forget() {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(ANYBODYS)) sessionStorage.removeItem(key);
    localStorage.removeItem(RECENT);
  }

  function asWritten() {
    const before = JSON.parse(sessionStorage.getItem(WRITING) ?? "null");
    if (!before) return;
    fill(before.fields);
    key.value = before.key;
  }

  function showPoint() {
    one("[data-no-position]").hidden = !lat.value;
    const status = place.querySelector("[role=status]");
    status.textContent = lat.value ? status.dataset.found : "";
  }

  function withoutPoint() {
    lat.value = lon.value = from.value = "";
    showPoint();
  }

  function located(by) {
    from.value = by;
    place.hidden = false;
    showPoint();
  }

  /** Categories that were used lately come first; a few letters find the others. */
  const listed = [...category.options].filter((it) => it.value).map((it) => [it.value, it.textContent]);
  const lately = () => JSON.parse(localStorage.getItem(RECENT) ?? "[]");
  const narrow = one("#narrow");

  function remember(used) {
    if (used) localStorage.setItem(RECENT, JSON.stringify([used, ...lately().filter((it) => it !== used)].slice(0, 5)));
  }

  function putFirst(label, pairs) {
    category.querySelector("optgroup[data-first]")?.remove();
    if (!pairs.length) return;
    const group = Object.assign(document.createElement("optgroup"), { label });
    group.dataset.first = "";
    group.append(...pairs.map(([value, textContent]) => Object.assign(document.createElement("option"), { value, textContent })));
    category.options[0].after(group);
  }

  function showRecent() {
    const pairs = lately().map((code) => listed.find(([value]) => value === code)).filter(Boolean);
    putFirst(category.dataset.recent, pairs);
  }

  function find() {
    const words = narrow.value.trim().toLowerCase();
    if (!words) return showRecent();
    const found = listed.filter(([, name]) => name.toLowerCase().includes(words)).slice(0, 8);
    putFirst(narrow.labels[0].textContent, found);
    category.value = found[0]?.[0] ?? "";
  }

  narrow.parentElement.hidden = false;
  narrow.addEventListener("input", find);
  narrow.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  if (photos) self.photos.limit(photos);
  self.withPosition(form);
  one("[data-no-position]").addEventListener("click", withoutPoint);
  form.addEventListener("located", () => located(""));
  form.addEventListener("pointed", () => located("pointed"));
  form.addEventListener("input", written);

  return {
    read, edit, empty, asWritten, remember, forgetWritten, forget,
    key: () => key.value || crypto.randomUUID(),
    photos: () => self.photos.toKeep(photos?.files ?? []),
  };
};
