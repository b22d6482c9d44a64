// Review by keys: J and K move, A approves, D declines; Ctrl+Enter sends the open dialog.

const items = () => [...document.querySelectorAll("#queue [data-proposal]")];

const move = (step) => {
  const all = items(), at = all.findIndex((one) => one.hasAttribute("aria-current"));
  const next = all[at < 0 ? 0 : at + step];
  next?.click();
  next?.scrollIntoView({ block: "nearest" });
};

document.addEventListener("click", (event) => { if (event.target.closest("[data-skip]")) move(1); });

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.querySelector("dialog[open] [data-submit]")?.click();
    return;
  }
  const typing = event.target.matches("input, textarea, select");
  if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return document.querySelector("[data-approve]")?.click();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const does = { j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    a: () => document.querySelector("[data-approve]")?.click(), d: () => document.querySelector("[data-decline]")?.click() }[event.key];
  if (does) { event.preventDefault(); does(); }
});

// The dialog is gone before the next proposal is there, so that the next key is meant for it.
document.addEventListener("htmx:before:swap", ({ detail }) => {
  const { target } = detail.ctx;
  if (target === "#review" || target?.id === "review") document.querySelector("dialog[open]")?.close();
});
