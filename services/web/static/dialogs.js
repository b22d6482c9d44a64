// Dialogs and toasts that the server sends. A dialog that arrives is opened; the browser gives the focus back by itself.

const watch = (id, then) => {
  const place = document.getElementById(id);
  for (const node of place?.children ?? []) then(node);
  if (place) new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) if (node instanceof Element) then(node);
  }).observe(place, { childList: true });
};

watch("dialog", (dialog) => {
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
});

// A toast goes after 10 seconds, but waits while somebody is at it.
watch("toasts", (toast) => {
  const look = () => toast.matches(":hover, :focus-within") ? setTimeout(look, 2000) : toast.remove();
  if (toast.matches("[data-toast]")) setTimeout(look, 10000);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) {
    const dialog = event.target.closest("dialog");
    if (dialog) dialog.close();
    else event.target.closest("[data-toast]")?.remove();
  } else if (event.target instanceof HTMLDialogElement && event.target.hasAttribute("data-light")) event.target.close();
});

// What a dialog's form did is done: the server answers with nothing for it, and says so by this event.
document.addEventListener("close-dialog", () => document.querySelector("#dialog dialog")?.close());

document.addEventListener("click", async (event) => {
  const copier = event.target.closest("[data-copy]"), from = document.getElementById(copier?.dataset.copy);
  if (!from) return; // a chat's menu copies what no element holds
  await navigator.clipboard.writeText(from.value ?? from.innerText);
  copier.lastChild.textContent = copier.dataset.copied;
});
