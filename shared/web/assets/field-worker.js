// Keeps the page of field visits for places without a network, and sends what waits when there is one again.

self.keepPages({ kept: "huying-field", pages: ["/field", "/field?lang=en"], send: () => self.fieldVisits.send() });
