// The table of lessons: ticks and their bar, keys in forms, and rows that show themselves anew when they change.

const bar = () => document.getElementById("selected");
const ticks = () => [...document.querySelectorAll('#rows input[name="lesson"]')];

const count = () => {
  const form = bar();
  if (!form) return;
  const all = ticks(), chosen = all.filter((tick) => tick.checked), every = form.elements.every.value;
  form.hidden = !chosen.length;
  if (!chosen.length) form.elements.every.value = "";
  form.querySelector("[data-count]").textContent = every && chosen.length ? form.dataset.all
    : chosen.length === 1 ? form.dataset.one : form.dataset.many.replace("#", chosen.length);
  form.querySelector("[data-all-pages]").hidden = Boolean(every) || chosen.length < all.length;
  const head = document.querySelector("[data-every]");
  if (head) { head.checked = all.length > 0 && chosen.length === all.length; head.indeterminate = chosen.length > 0 && !head.checked; }
};

const clear = () => { for (const tick of ticks()) tick.checked = false; count(); };

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-every]")) for (const tick of ticks()) tick.checked = event.target.checked;
  if (event.target.matches('[data-every], #rows input[name="lesson"]')) {
    if (bar()) bar().elements.every.value = "";
    count();
  }
});

document.addEventListener("click", (event) => {
  const at = (wanted) => event.target.closest(wanted);
  if (at("[data-clear]")) clear();
  if (at("[data-all-pages]")) { bar().elements.every.value = "1"; count(); }
  const dropped = at("[data-drop]");
  if (dropped) { left = "add"; document.querySelector(dropped.dataset.drop)?.remove(); settle(); }
  // The toast has said what it had to; its form must stay until it is answered.
  if (at("[data-once] .btn")) setTimeout(() => { at("[data-toast]").hidden = true; });
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-form]");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (form) form.querySelector("[data-cancel]")?.click();
  else if (bar() && !bar().hidden) clear();
});

// Where an edited row stood its pencil gets the focus, and where what was ticked is done with, the tick of all.
let left;
const settle = () => {
  const at = document.activeElement;
  if (at !== document.body && at.checkVisibility()) return;
  (left && document.querySelector(`#${CSS.escape(left)} .edit, a[data-key=${left}]`) || document.querySelector("[data-every]"))?.focus();
  left = undefined;
};
document.addEventListener("close-dialog", settle);
document.addEventListener("htmx:before:swap", () => { left = document.activeElement.closest(".editing")?.id ?? left; });

// After a swap the ticks may be others, and the page may be another.
document.addEventListener("htmx:after:swap", () => {
  if (bar()) bar().elements.view.value = location.search.slice(1);
  count();
  if (left) settle();
});
count();

const live = document.getElementById("live");
const fresher = () => { const link = document.getElementById("fresher"); if (link) link.hidden = false; };
for (const kind of ["qa", "conversation"]) live?.addEventListener(kind, (event) => {
  const page = document.getElementById("lesson");
  if (page) {
    if (page.dataset.lesson === event.detail.data && !page.querySelector("form#text")) htmx.trigger(page, "changed");
    return;
  }
  const row = document.getElementById(`l-${event.detail.data}`);
  if (!row) fresher();
  else if (!row.classList.contains("editing") && !row.querySelector(":checked")) htmx.trigger(row, "changed");
});
live?.addEventListener("model", (event) => {
  if (event.detail.data === document.getElementById("lessons")?.dataset.model) fresher();
});
