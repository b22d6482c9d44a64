// Train AI: the count is the number of ticks; arrows walk through them; Esc leaves.

const ticks = () => [...document.querySelectorAll("[data-train] [name=pick]")];

const count = () => {
  const label = document.querySelector("[data-count]");
  const number = ticks().filter((tick) => tick.checked).length;
  label.textContent = number === 1 ? label.dataset.one : label.dataset.many.replace("{}", number);
};

document.addEventListener("change", (event) => { if (event.target.name === "pick") count(); });

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) { for (const tick of ticks()) tick.checked = false; count(); }
  const use = event.target.closest("[data-use]");
  if (use) { use.form.elements.answer.value = use.dataset.use; use.form.elements.answer.focus(); }
});

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.querySelector("dialog[open] [data-submit]")?.click();
    return;
  }
  if (event.key === "Escape") document.querySelector("[data-esc]")?.click();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.name !== "pick") return;
  event.preventDefault();
  const all = ticks();
  const next = all[all.indexOf(event.target) + step];
  next?.focus();
  next?.closest(".pick").scrollIntoView({ block: "nearest" });
});
