// What every page does by itself: time zone, look, toasts, keys, and hints from the stream.

const cookie = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`; };

// The server writes times as this device would.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`zone=${zone}`)) cookie("zone", zone);

document.querySelector("[data-theme-choice]")?.addEventListener("change", (event) => {
  cookie("theme", event.target.value);
  if (event.target.value) document.documentElement.dataset.theme = event.target.value;
  else delete document.documentElement.dataset.theme;
});

// Whether the stream is there.
document.addEventListener("htmx:sse:after:connection", () => { document.body.dataset.connected = ""; });
for (const end of ["htmx:sse:error", "htmx:sse:close"]) {
  document.addEventListener(end, () => { delete document.body.dataset.connected; });
}
