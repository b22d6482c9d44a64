// The editor of a system message: Save is for what was changed.

const look = () => {
  const text = document.getElementById("sys"), save = document.querySelector("[data-save]");
  if (text && save) save.disabled = text.value === text.form.elements.seen.value;
};
document.addEventListener("input", (event) => { if (event.target.id === "sys") look(); });
document.addEventListener("htmx:after:swap", look);
look();

// Leaving with a text that isn't saved is asked about.
window.addEventListener("beforeunload", (event) => {
  const save = document.querySelector("[data-save]");
  if (save && !save.disabled && !document.querySelector("#system:invalid")) event.preventDefault();
});
