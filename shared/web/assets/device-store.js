// What a page and its worker keep in the device, as long as there is no network.

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
