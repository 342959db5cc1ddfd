// What a page and its worker keep in the device, as long as there is no network, and what becomes of it then.

/** A database of this device; `stores` has the key of each by its name. */
self.deviceStore = (name, stores) => {
  const opened = () =>
    new Promise((done, fail) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        for (const [store, keyPath] of Object.entries(stores)) request.result.createObjectStore(store, { keyPath });
      };
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });

  async function run(store, mode, act) {
    const database = await opened();
    try {
      return await new Promise((done, fail) => {
        const transaction = database.transaction(store, mode);
        const request = act(transaction.objectStore(store));
        transaction.oncomplete = () => done(request.result);
        transaction.onabort = () => fail(transaction.error);
      });
    } finally {
      database.close();
    }
  }

  return {
    all: (store) => run(store, "readonly", (it) => it.getAll()),
    put: (store, value) => run(store, "readwrite", (it) => it.put(value)),
    remove: (store, key) => run(store, "readwrite", (it) => it.delete(key)),
    async clear() {
      for (const store of Object.keys(stores)) await run(store, "readwrite", (it) => it.clear());
    },
  };
};

/** Sending what waits in the device, one after the other. */
self.sending = (() => {
  const TOGETHER = 31 * 1_048_576; // bytes of photos; the server takes 1 MiB more, for the words
  const TOO_LARGE = 413;
  const TRIED_AGAIN = [401, 403, 408, 425, 429];

  return {
    TOO_LARGE,
    tooLarge: (photos = []) => photos.reduce((sum, { size }) => sum + size, 0) > TOGETHER,

    /** What is sent of one: its fields and its photos. */
    form(fields, photos = []) {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      for (const photo of photos) body.append("photos", photo, photo.name);
      return body;
    },

    /** Whether the same would be refused once more. */
    lasts: (status) => status >= 400 && status < 500 && !TRIED_AGAIN.includes(status),

    /** `alone`: a fault of the server in this one says nothing of the next. */
    later: (status) => Object.assign(new Error(`try again later: ${status}`), { alone: status === 500 }),

    /** Why something was refused: in the words of the server, or in the page's for a status. */
    words(refused, said) {
      if (typeof refused === "string") return refused;
      return refused === TOO_LARGE ? said.tooLarge : said.notTaken.replace("%", refused);
    },

    /** The last fault of one alone; any other ends it. */
    async each(waiting, send) {
      let last = null;
      for (const one of waiting) {
        try {
          await send(one);
        } catch (fault) {
          if (!fault.alone) throw fault;
          last = fault;
        }
      }
      return last;
    },
  };
})();
