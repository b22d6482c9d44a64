// The first message of a conversation: Enter sends it, Shift+Enter begins a line.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("[data-first] textarea")) return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form.requestSubmit();
});
