// Maps of the portal, loaded when somebody asks for one; every list does without.

/** Load Leaflet and its sheet, once. */
function leaflet({ script, sheet }) {
  leaflet.loaded ??= new Promise((done, fail) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: sheet }));
    document.head.append(Object.assign(document.createElement("script"), { src: script, onload: done, onerror: fail }));
  });
  return leaflet.loaded;
}

/** Leaflet empties a picture that is not needed any more with a data: address, which our content policy forbids. */
function pictures(address) {
  const Pictures = L.TileLayer.extend({
    _removeTile(key) {
      this._tiles[key]?.el.removeAttribute("src");
      L.GridLayer.prototype._removeTile.call(this, key);
    },
    _abortLoading() {},
  });
  return new Pictures(address, { maxZoom: 18 });
}

/** A map in its frame; its middle and the address of its pictures are told by the page. */
async function drawn(frame) {
  const { dataset } = frame;
  if (!navigator.onLine) throw new Error("no network");
  await leaflet(dataset);
  frame.hidden = false;
  const map = L.map(frame.querySelector(".map"), { attributionControl: false, zoomControl: false });
  L.control.zoom({ zoomInTitle: dataset.zoomIn, zoomOutTitle: dataset.zoomOut }).addTo(map);
  map.setView([dataset.lat, dataset.lon], dataset.zoom);
  pictures(dataset.tiles).addTo(map);
  return map;
}

/** Choose the place in the middle of the map: its button sends the form, or closes the map where it is no submit. */
function toChooseFrom(frame, map, opener) {
  const form = frame.closest("form");
  const button = frame.querySelector('button[value="pointed"]');
  button.addEventListener("click", () => {
    const { lat, lng } = map.getCenter().wrap();
    form.querySelector('input[name="lat"]').value = lat.toFixed(5);
    form.querySelector('input[name="lon"]').value = lng.toFixed(5);
    if (button.type === "submit") return;
    frame.hidden = true;
    opener.parentElement.hidden = opener.disabled = false;
    opener.focus();
    form.dispatchEvent(new CustomEvent("pointed"));
  });
}

/** Places with how many demands each has; each leads to the list of the place. */
async function withMarkers(frame, map) {
  const answer = await fetch(frame.dataset.markers);
  if (!answer.ok) throw new Error(`no markers: ${answer.status}`);
  const { places, unplaced } = await answer.json();
  for (const { lat, lon, count, words, href } of places) {
    const html = Object.assign(document.createElement("span"), { textContent: count });
    const icon = L.divIcon({ className: "map-count", html, iconSize: [44, 44] });
    const marker = L.marker([lat, lon], { icon, title: words, alt: words }).addTo(map);
    marker.getElement().setAttribute("role", "link");
    marker.getElement().setAttribute("aria-label", words);
    marker.on("click keypress", ({ originalEvent: { key } }) => {
      if (key === undefined || key === "Enter") location.assign(href);
    });
  }
  if (places.length) map.fitBounds(places.map(({ lat, lon }) => [lat, lon]), { maxZoom: 14, padding: [30, 30] });
  frame.querySelector("[role=status]").textContent = unplaced;
}

/** Show the map of a frame, drawn when it is first asked for. */
async function open(frame, opener) {
  if (frame.dataset.drawn) return (frame.hidden = false);
  const map = await drawn(frame);
  if (frame.dataset.markers) await withMarkers(frame, map);
  else toChooseFrom(frame, map, opener);
  frame.dataset.drawn = "yes";
}

function begin(opener) {
  const frame = document.getElementById(opener.getAttribute("aria-controls"));
  const status = opener.parentElement.querySelector("[role=status]");
  opener.parentElement.hidden = false;
  opener.addEventListener("click", async () => {
    opener.disabled = true;
    try {
      await open(frame, opener);
      status.textContent = "";
      opener.parentElement.hidden = true;
      frame.querySelector(".map").focus();
    } catch {
      leaflet.loaded = undefined;
      opener.disabled = false;
      status.textContent = opener.dataset.failed;
    }
  });
}

document.querySelectorAll("[data-opens-map]").forEach(begin);
