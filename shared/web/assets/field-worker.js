// Keeps the page of field visits for places without a network, and sends what waits when there is one again.

const KEPT = "huying-field";
const PAGES = ["/field", "/field?lang=en"];

async function keep() {
  const cache = await caches.open(KEPT);
  for (const address of PAGES) {
    const answer = await fetch(address, { cache: "no-store", credentials: "same-origin", redirect: "manual" });
    if (!answer.ok) return; // signed out: the page that is kept stays
    const page = await answer.clone().text();
    await cache.put(address, answer);
    await cache.addAll([...new Set(page.match(/\/assets\/[^"]+/g)), "/display/type.css"]);
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", ({ data }) => data === "keep" && keep().catch(() => {}));
self.addEventListener("sync", (event) => event.waitUntil(self.fieldVisits.send()));

async function orKept(request) {
  try {
    return await fetch(request);
  } catch {
    const { pathname, searchParams } = new URL(request.url);
    const address = searchParams.get("lang") === "en" ? PAGES[1] : PAGES[0];
    if (pathname !== "/field") return Response.redirect(address, 303);
    return (await caches.match(address, { cacheName: KEPT })) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.mode === "navigate") event.respondWith(orKept(request));
  else if (pathname.startsWith("/assets/") || pathname === "/display/type.css") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) ?? Response.error()));
  }
});
