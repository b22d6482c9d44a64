// The thread and the composer. Listeners stand on the document, because parts of the page are replaced.

document.addEventListener("keydown", (event) => {
  if (event.target.matches("[data-composer] textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});
