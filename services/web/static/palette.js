// Find or do anything, once it is open: arrows choose, Enter opens. It is fetched when it is first wanted.

const here = location.pathname + location.search;
const recent = () => JSON.parse(localStorage.getItem(`recent:${document.body.dataset.me}`) ?? "[]");

const input = () => document.getElementById("go");
const options = () => [...document.querySelectorAll("#hits [role=option]")];

const choose = (option) => {
  for (const one of options()) one.setAttribute("aria-selected", one === option);
  if (option) input().setAttribute("aria-activedescendant", option.id);
  else input().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
};

const step = (by) => {
  const all = options(), at = all.findIndex((one) => one.ariaSelected === "true");
  choose(all[(at + by + all.length) % all.length]);
};

// With nothing typed, where one was before comes first.
const begin = () => {
  const list = document.getElementById("hits");
  const places = recent().filter((one) => one.here !== here).slice(0, 5);
  if (!input()?.value.trim() && places.length && !document.getElementById("recent")) {
    const group = document.createElement("div"), heading = document.createElement("p");
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", heading.id = "recent");
    heading.className = "group";
    heading.textContent = list.dataset.recent;
    group.append(heading, ...places.map(({ here, title }, at) => {
      const link = Object.assign(document.createElement("a"), { className: "opt", id: `r${at}`, href: here, tabIndex: -1 });
      link.setAttribute("role", "option");
      // The sign of the part that the place belongs to; the line of that part has it.
      const part = list.querySelector(`[href="/${here.split(/[/?]/)[1].replace("lessons", "models")}"] .i`);
      const sign = (part ?? list.querySelector(".i")).cloneNode(true), use = sign.firstChild;
      if (!part) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#hash"));
      link.append(sign, title);
      return link;
    }));
    for (const one of group.querySelectorAll("a")) list.querySelector(`[href="${CSS.escape(one.getAttribute("href"))}"]`)?.remove();
    list.prepend(group);
  }
  choose(options()[0]);
};

document.addEventListener("htmx:after:swap", () => { if (input()) begin(); });
if (input()) begin();

document.addEventListener("click", (event) => {
  const look = event.target.closest("[data-look]")?.dataset.look;
  if (look === undefined) return;
  document.cookie = `theme=${look}; path=/; max-age=31536000; samesite=lax`;
  if (look) document.documentElement.dataset.theme = look;
  else delete document.documentElement.dataset.theme;
  input()?.closest("dialog").close();
});

document.addEventListener("keydown", (event) => {
  if (event.target === input()) {
    const does = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => options().find((one) => one.ariaSelected === "true")?.click() }[event.key];
    if (does && !event.isComposing) { event.preventDefault(); does(); }
  }
});
