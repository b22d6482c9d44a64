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

// The sidebar is fetched anew when something in it may have changed; not for the group that is looked at.
const live = document.getElementById("live"), main = document.getElementById("main");
const refresh = () => htmx.trigger(document.body, "refresh-nav");
live?.addEventListener("group", (event) => {
  refresh();
  if (event.detail.data === main.dataset.group) htmx.trigger(document.body, "group-here");
});
live?.addEventListener("message", (event) => {
  const here = event.detail.data === main.dataset.group && !document.hidden;
  if (!here && document.querySelector(`#side a[href="/groups/${CSS.escape(event.detail.data)}"]`)) refresh();
});

// A note says when the stream is lost; a hidden tab lets go of it on purpose.
let note, losing;
const lost = () => {
  if (note || document.hidden) return;
  note = document.getElementById("offline").content.firstElementChild.cloneNode(true);
  document.querySelector(".top")?.after(note);
};
live?.addEventListener("htmx:sse:error", (event) => {
  if ([401, 403, 404].includes(event.detail.status)) location.reload(); // signed out, or no longer in the group
  delete document.body.dataset.connected;
  lost();
});
live?.addEventListener("htmx:sse:before:connection", () => {
  delete document.body.dataset.connected;
  losing ??= setTimeout(lost, 2000);
});
live?.addEventListener("htmx:sse:after:connection", () => {
  document.body.dataset.connected = "";
  clearTimeout(losing);
  losing = undefined;
  note?.remove();
  note = undefined;
});
addEventListener("online", () => live?._htmx?.sse?.delayCanceller?.());

// Recent places are this browser's, and only as long as somebody is signed in.
const { me, palette } = document.body.dataset, here = location.pathname + location.search;
if (!me) {
  for (const one of Object.keys(localStorage)) if (one.startsWith("recent:")) localStorage.removeItem(one);
} else if (!/^\/(find|imports)/.test(here)) {
  const key = `recent:${me}`, others = JSON.parse(localStorage.getItem(key) ?? "[]").filter((one) => one.here !== here);
  localStorage.setItem(key, JSON.stringify([{ here, title: document.title.replace(/ · Apprentice$/, "") }, ...others].slice(0, 6)));
}

// Ctrl+K finds or does anything, ? lists the keys. What moves in the palette is there before it opens.
const go = () => document.getElementById("go"), wake = () => import(palette);
for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, (event) => { if (event.target.closest("[data-key=palette]")) wake(); });
document.addEventListener("keydown", async (event) => {
  const open = document.querySelector("dialog[open]");
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    if (open?.contains(go())) return open.close(); // one that is closed stays until it has heard so
    await wake();
    if (!open) htmx.ajax("GET", "/find/palette", "#dialog");
  } else if (event.key === "?" && !open && !event.target.matches("input, textarea, select")) htmx.ajax("GET", "/find/keys", "#dialog");
});
