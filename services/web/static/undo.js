// Ctrl+Z outside of a field is the Undo of the newest toast.

document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea, select")) return;
  const undo = [...document.querySelectorAll("#toasts [data-toast]:not([hidden]) form .btn")].at(-1);
  if (undo) { event.preventDefault(); undo.click(); }
});
