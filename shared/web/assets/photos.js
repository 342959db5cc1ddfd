// Photos that people choose: made smaller before they travel or are kept, no more than are taken, and not lost with the
// page.

self.photos = (() => {
  const LONGEST_SIDE = 2048;
  const SMALL_ENOUGH = 600_000;
  const KEPT_FOR = 24 * 3600 * 1000;
  const kept = self.deviceStore("huying-photos", { chosen: "id" });

  /** A photo of a phone made smaller; one that cannot be read here stays as it is. */
  async function smaller(file) {
    if (!/^image\/(jpeg|png|webp|heic|heif)$/.test(file.type) || file.size < SMALL_ENOUGH) return file;
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
      const canvas = Object.assign(document.createElement("canvas"), {
        width: Math.round(picture.width * scale),
        height: Math.round(picture.height * scale),
      });
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      return blob && blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
    } catch {
      return file;
    }
  }

  /** One after the other: a cheap phone has no memory for nine at once. */
  async function allSmaller(files) {
    const done = [];
    for (const file of files) done.push(await smaller(file));
    return done;
  }

  /** As many of the first as can be sent together. */
  async function thatFit(files) {
    if (!self.sending.tooLarge(files)) return files;
    const done = await allSmaller(files);
    while (self.sending.tooLarge(done)) done.pop();
    return files.slice(0, done.length);
  }

  /** Made smaller, to be kept until they are sent; fails where they are too large together. */
  async function toKeep(files) {
    const done = await allSmaller(files);
    if (self.sending.tooLarge(done)) throw new Error("too large together");
    return done;
  }

  /** Put files into a field as if they had been chosen there. */
  function choose(input, files) {
    const list = new DataTransfer();
    for (const file of files) list.items.add(file);
    input.files = list.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Take no more than the field says and can be sent, and say so while the photos are being chosen. */
  function limit(input) {
    const most = Number(input.dataset.most);
    const upload = input.closest(".upload");
    const [note, large] = ["[data-too-many]", "[data-too-large]"].map((it) => upload.querySelector(it));
    let choice = 0;
    input.addEventListener("change", () => {
      const isOver = input.files.length > most;
      if (isOver) choose(input, [...input.files].slice(0, most));
      note.hidden = !isOver;
    });
    input.addEventListener("change", async () => {
      const mine = ++choice;
      large.hidden = true;
      const files = [...input.files];
      const taken = await thatFit(files);
      if (mine !== choice || taken.length === files.length) return;
      choose(input, taken);
      large.hidden = false;
    });
  }

  /** Keep in this device what is chosen, until it has arrived or a day has passed; show what was kept before. */
  async function keep(input) {
    try {
      const [before] = await kept.all("chosen");
      if (before?.at > Date.now() - KEPT_FOR && !input.files.length) choose(input, before.files);
    } catch {
      return; // a device that keeps nothing
    }
    input.addEventListener("change", async () => {
      const files = await allSmaller(input.files);
      await kept.put("chosen", { id: 1, at: Date.now(), files }).catch(() => {});
    });
  }

  const forget = () => kept.clear().catch(() => {});

  return { smaller: allSmaller, toKeep, choose, limit, keep, forget };
})();
