// Answers where there is no network, and sends what waits when there is one again.

self.keepPages({
  kept: "huying-portal",
  pages: ["/raise/offline", "/raise/offline?lang=en"],
  send: () => self.waitingDemands.send(),
});
