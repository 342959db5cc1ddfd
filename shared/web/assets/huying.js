// What pages gain with JavaScript; without it they work by links and forms alone.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Send the token against forged requests with every command of htmx. */
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token && detail.verb !== "get") detail.headers["X-CSRF-Token"] = token;
});

/** An answer without the part that was to be exchanged (signed out, refused, gone) is shown as the page that it is. */
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const answer = new DOMParser().parseFromString(detail.serverResponse, "text/html");
  if (!answer.querySelector("main")) return;
  const wanted = detail.target.id && answer.getElementById(detail.target.id);
  detail.shouldSwap = true;
  detail.isError = false;
  if (!wanted) {
    detail.target = document.querySelector("main");
    detail.selectOverride = "main";
    detail.swapOverride = "outerHTML";
  }
});

/** After an exchange that a person asked for, continue at the first error or the new heading. */
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const part = document.getElementById(detail.target.id) ?? document.querySelector("main");
  announce(part);
  if (!detail.boosted && !detail.requestConfig?.boosted) return;
  const start = part.querySelector(".error-summary") ?? part.querySelector("[data-start], h1, h2, caption") ?? part;
  start.tabIndex = -1;
  start.focus({ preventScroll: true });
  start.scrollIntoView({ block: "nearest" });
});

/** Say a new count once; the same words again would be noise. */
function announce(part) {
  const place = document.getElementById("announced");
  const words = all("[data-announce]", part).map((element) => element.textContent.trim().replace(/\s+/g, " ")).join("。");
  if (place && words && place.textContent !== words) place.textContent = words;
}

/** Show what was chosen for upload; drawn on a canvas, which needs no address that the content policy forbids. */
document.addEventListener("change", ({ target }) => {
  const list = target.type === "file" && target.closest(".upload")?.querySelector(".chosen-files");
  if (list) list.replaceChildren(...[...target.files].map(preview));
});

function preview(file) {
  const item = document.createElement("li");
  item.textContent = `${file.name} (${Math.ceil(file.size / 1024)} KB)`;
  if (file.type.startsWith("image/")) draw(file, item).catch(() => {}); // a picture that cannot be shown has its name
  return item;
}

async function draw(file, item) {
  const picture = await createImageBitmap(file, { resizeWidth: 224 });
  const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  canvas.setAttribute("aria-hidden", "true");
  item.prepend(canvas);
}

/** A button that prints the page; without JavaScript the browser's own menu does. */
all("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});

/** What somebody typed into a form stays in this tab until it is sent: a session that ended meanwhile costs no words. Whoever
 * signs in next in the same tab is not shown them. */
const who = document.querySelector(".page-tools bdi")?.textContent ?? "";
const keptAs = (path) => `typed ${who} ${path}`;
all("form[data-keep]").forEach((form) => {
  const name = keptAs(new URL(form.action).pathname);
  const fields = all("textarea", form);
  const kept = JSON.parse(sessionStorage.getItem(name) ?? "{}");
  const lost = fields.filter((field) => !field.value && kept[field.name]);
  lost.forEach((field) => { field.value = kept[field.name]; });
  form.querySelector("[data-kept]").hidden = lost.length === 0;
  form.addEventListener("input", () => {
    sessionStorage.setItem(name, JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, field.value]))));
  });
});
const { pathname, searchParams } = new URL(location.href);
if (searchParams.has("done")) {
  const number = searchParams.get("number") ?? pathname.split("/")[3];
  sessionStorage.removeItem(keptAs(`/desk/cases/${number}/${searchParams.get("done")}`));
}

// A page that came back with errors starts at them.
document.querySelector(".error-summary")?.focus();
