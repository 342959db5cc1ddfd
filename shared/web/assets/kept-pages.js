// For the worker of pages that work without a network: keeps them in the device, and sends what waits when there is one
// again.

/** `kept` names the cache; `pages` are one page in Chinese and in English; `send` sends what waits. */
self.keepPages = ({ kept, pages, send }) => {
  async function keep() {
    const cache = await caches.open(kept);
    for (const address of pages) {
      const answer = await fetch(address, { cache: "no-store", credentials: "same-origin", redirect: "manual" });
      if (!answer.ok) return; // signed out, or not well: the page that is kept stays
      const page = await answer.clone().text();
      await cache.put(address, answer);
      await cache.addAll([...new Set(page.match(/\/assets\/[^"]+/g)), "/display/type.css"]);
    }
  }

  /** Browsers do not keep the answer to a form. Whoever goes back to it is shown the page at the address of the form; where a
   * form is sent to an address that has no page (405), the page that is kept. */
  async function asked(request) {
    if (request.method !== "POST" || !request.isHistoryNavigation) return fetch(request);
    const answer = await fetch(request.url, { credentials: "same-origin", redirect: "manual" });
    if (answer.status === 405) throw new Error("this address has no page");
    return answer;
  }

  async function orKept(request) {
    try {
      return await asked(request);
    } catch {
      const { pathname, searchParams } = new URL(request.url);
      const address = searchParams.get("lang") === "en" ? pages[1] : pages[0];
      if (pathname !== pages[0]) return Response.redirect(address, 303);
      return (await caches.match(address, { cacheName: kept })) ?? Response.error();
    }
  }

  self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("message", ({ data }) => data === "keep" && keep().catch(() => {}));
  self.addEventListener("sync", (event) => event.waitUntil(send()));
  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { pathname } = new URL(request.url);
    if (request.mode === "navigate") event.respondWith(orKept(request));
    else if (pathname.startsWith("/assets/") || pathname === "/display/type.css") {
      event.respondWith(fetch(request).catch(async () => (await caches.match(request)) ?? Response.error()));
    }
  });
};
