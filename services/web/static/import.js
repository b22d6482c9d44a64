// A file that is too large is told before it is sent.

document.getElementById("file")?.addEventListener("change", ({ target }) => {
  target.setCustomValidity(target.files[0]?.size > Number(target.dataset.largest) ? target.dataset.tooLarge : "");
  target.reportValidity();
});
