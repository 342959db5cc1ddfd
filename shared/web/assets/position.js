// The phone's own position for a form with fields `lat` and `lon`, where somebody asks for it.

self.withPosition = (form) => {
  const place = form.querySelector(".position");
  if (!place || !navigator.geolocation) return;
  const button = place.querySelector("[data-position]");
  const status = place.querySelector("[role=status]");
  place.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    status.textContent = status.dataset.asking;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.lat.value = coords.latitude.toFixed(4);
        form.elements.lon.value = coords.longitude.toFixed(4);
        button.disabled = false;
        status.textContent = status.dataset.found;
        form.dispatchEvent(new CustomEvent("located"));
      },
      () => {
        button.disabled = false;
        status.textContent = status.dataset.refused;
      },
      { timeout: 15_000, maximumAge: 60_000, enableHighAccuracy: true },
    );
  });
};
