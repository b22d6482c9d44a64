// One group: its thread while it lives, the menus, and the composer. Listeners stand where nothing is replaced.

const $ = (id) => document.getElementById(id);
const main = $("main"), thread = $("thread"), menu = $("menu"), form = $("composer"), text = $("text"), mode = $("mode"), list = $("mentioned");
const { group } = main.dataset, whole = "whole" in main.dataset, me = document.body.dataset.me;
const all = (selector, within = $("messages")) => [...within.querySelectorAll(selector)];
const last = (selector) => all(selector).at(-1);
// What has no text is small enough to be sent on after its page is left, such as what was read there.
const post = (url, data) => fetch(url, { method: "POST", keepalive: !data.text, headers: { "HX-Request": "true" }, body: new URLSearchParams(data) });
const atEnd = () => thread.scrollTop > -40; // the thread is reversed: its end is 0
const position = (row) => +row.dataset.at;

// The thread: whatever was put in is brought in order ------------------------------------------------------------------

let newest = 0, seen = +main.dataset.read, unseen = 0, held, reading;

const tidy = () => {
  const rows = [...$("messages").children];
  if (rows.some((row, i) => i && position(rows[i - 1]) > position(row)))
    $("messages").append(...rows.sort((a, b) => position(a) - position(b)));
  let day, above;
  for (const row of all("[data-day]")) {
    const line = row.previousElementSibling?.matches("h2") && row.previousElementSibling;
    if (row.dataset.day === day) line && line.remove();
    else if (!line) {
      row.before(Object.assign(document.createElement("h2"), { className: "line", textContent: row.dataset.day }));
      row.previousElementSibling.dataset.at = row.dataset.at;
    }
    day = row.dataset.day;
    const quote = row.querySelector(".re");
    if (quote && row.dataset.question) quote.hidden = quote.dataset.jump === above;
    above = row.dataset.id;
  }
  for (const one of all("[data-awaits]"))
    if ($("m-" + one.dataset.awaits)?.dataset.answers.split(" ").includes(one.dataset.user) === false) one.remove();
  for (const chip of all("[data-by]")) chip.ariaPressed = chip.dataset.by.split(" ").includes(me);
};

const arrived = (row) => {
  const others = row.dataset.author !== me;
  $("t-" + row.dataset.author)?.remove();
  if (row.dataset.question) $("told").textContent = main.dataset.answered
    .replace("{name}", row.dataset.name).replace("{text}", row.querySelector(".say").innerText.slice(0, 400));
  if (!others) thread.scrollTop = 0;
  else if (document.hidden || !atEnd()) {
    if (!unseen++) {
      $("unread")?.remove();
      row.before(Object.assign(document.createElement("p"), { id: "unread", className: "line unread", textContent: main.dataset.new }));
      row.previousElementSibling.dataset.at = row.dataset.at;
    }
  }
};

const read = () => {
  if (!whole || document.hidden || !atEnd()) return;
  unseen = 0;
  show();
  if (reading || newest <= seen) return;
  const now = seen = newest;
  reading = setTimeout(() => { reading = 0; newest > now && read(); }, 500);
  post(`/groups/${group}/read`, { position: now }).catch(() => { seen = 0; });
};

const show = () => {
  if (!$("down")) return;
  $("down").hidden = !unseen || atEnd();
  $("down").firstChild.textContent = unseen;
};

const watch = () => {
  const told = newest;
  watcher.disconnect();
  newest = Math.max(newest, ...all("[data-id], .event").map(position));
  if (told) for (const row of all("[data-id]")) if (position(row) > told) arrived(row);
  tidy();
  if (held && !held.isConnected && document.activeElement === document.body) {
    const row = $(held.closest("[id^=m-]")?.id);
    (row && all(held.localName, row).find((one) => one.className === held.className && one.textContent.trim()[0] === held.textContent.trim()[0]) || row)?.focus();
  }
  read();
  show();
  watcher.observe($("messages"), { childList: true });
};
const watcher = new MutationObserver(watch);

addEventListener("focusin", (event) => { held = event.target.closest("#messages") && event.target; });
thread.addEventListener("scroll", () => { read(); show(); }, { passive: true });
document.addEventListener("visibilitychange", read);
$("down")?.addEventListener("click", () => { thread.scrollTop = 0; text?.focus(); });

const jump = (row) => { row.scrollIntoView({ block: "center" }); row.focus({ preventScroll: true }); };

// What came too late to be told one by one is fetched anew, from the first message that is shown.
document.addEventListener("resync", () => {
  const first = all("[data-id], .event")[0];
  if (whole) htmx.ajax("GET", `/groups/${group}/messages?since=${first ? position(first) : 1}`, { target: "#messages", swap: "outerMorph" });
});
for (const kind of ["qa", "conversation", "proposal"]) $("live").addEventListener(kind, (event) => {
  for (const told of all(`[data-lesson="${CSS.escape(event.detail.data)}"]`)) {
    const source = told.closest("[data-id]");
    htmx.ajax("GET", "/messages/" + source.dataset.id, { source, swap: "none" });
  }
});

// Menus ----------------------------------------------------------------------------------------------------------------

let opener;
main.append(menu);

const openMenu = async (from, url, x, y) => {
  opener = from;
  await htmx.ajax("GET", url, { target: "#menu", swap: "innerHTML" });
  const shown = menu.firstElementChild;
  if (!shown) return;
  if (!$("mode")) for (const one of all('[hx-target="#mode"]', menu)) one.remove(); // nothing is written here
  menu.hidden = false;
  const box = from.getBoundingClientRect();
  shown.style.left = Math.max(8, Math.min(x ?? box.right - shown.offsetWidth, innerWidth - shown.offsetWidth - 8)) + "px";
  shown.style.top = Math.max(8, Math.min(y ?? box.bottom, innerHeight - shown.offsetHeight - 8)) + "px";
  items()[0]?.focus();
};
const items = () => all("[role^=menuitem]", menu);
const closeMenu = (back) => {
  if (menu.hidden || !menu.firstChild) return;
  menu.hidden = true; // what was chosen may still wait for its answer
  if (back) (opener.isConnected ? opener : $(opener.closest("[id]")?.id) ?? text)?.focus();
};
const act = async (row, key) => {
  const more = row.querySelector("[data-menu]");
  if (!more) return;
  await openMenu(row, more.dataset.menu);
  const item = menu.querySelector(`[data-key="${key}"]`);
  if (key === "e") item?.focus();
  else if (item) item.click();
  else closeMenu(true);
};
const copy = async (given) => {
  const what = given.startsWith("/groups/") ? location.origin + given : given;
  if (navigator.clipboard) await navigator.clipboard.writeText(what);
  else {
    const place = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: what }));
    place.select();
    document.execCommand("copy");
    place.remove();
  }
  $("told").textContent = main.dataset.copied;
};

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector), more = at("[data-menu]"), item = at("#menu [role^=menuitem]");
  if (item?.dataset.copy) copy(item.dataset.copy);
  if (item || !at("#menu")) closeMenu(item && !item.getAttribute("hx-target")?.match("#dialog|#mode"));
  if (more) openMenu(more, more.dataset.menu);
  if (at("[data-act]")) act(at(".msg"), at("[data-act]").dataset.act);
  const aim = at("[data-jump]") && $("m-" + at("[data-jump]").dataset.jump);
  if (aim) { event.preventDefault(); jump(aim); }
  if (at("[data-cancel]")) leaveMode();
  if (at("[data-mark]")) mark(at("[data-mark]").dataset.mark);
  if (at("#mentioned [role=option]")) choose(at("[role=option]"));
  if (at("[data-unsent] button")) unsend(at("button"));
});
let pressed;
const context = (event, row, x, y) => {
  const more = row?.querySelector("[data-menu]");
  if (!more || event.target.closest(".say a") || !getSelection().isCollapsed) return;
  event.preventDefault();
  openMenu(row, more.dataset.menu, x, y);
};
// A long press selects a word by itself before it is one: what was selected before counts.
let free, opened;
const press = (event, row, x, y) => {
  if (!row) return;
  opened = true;
  if (free) getSelection().removeAllRanges();
  context(event, row, x, y);
};
document.addEventListener("contextmenu", (event) => {
  const touch = event.pointerType === "touch", byKey = event.button !== 2 && !touch, row = event.target.closest("#messages .msg");
  clearTimeout(pressed);
  if (touch && opened) event.preventDefault();
  else (touch ? press : context)(event, row, byKey ? undefined : event.clientX, byKey ? undefined : event.clientY);
});
document.addEventListener("touchstart", (event) => {
  const row = event.target.closest("#messages .msg"), { clientX, clientY } = event.touches[0];
  free = getSelection().isCollapsed;
  opened = false;
  pressed = setTimeout(press, 450, event, row, clientX, clientY);
});
for (const end of ["touchend", "touchmove", "touchcancel"]) document.addEventListener(end, (event) => {
  clearTimeout(pressed);
  if (opened && end === "touchend" && event.cancelable) event.preventDefault(); // no click follows, which would close the menu
});

// Keys -----------------------------------------------------------------------------------------------------------------

const step = (rows, from, by) => rows[Math.max(0, Math.min(rows.length - 1, from < 0 ? rows.length - 1 : from + by))];

document.addEventListener("keydown", (event) => {
  const { key, target } = event, plain = !(event.ctrlKey || event.metaKey || event.altKey);
  if (menu.contains(target) && !menu.hidden) {
    const ends = { Home: 0, End: items().length - 1 };
    if (key === "Escape" || key === "Tab") closeMenu(true);
    else if (key in ends) items()[ends[key]].focus();
    else if (/^Arrow/.test(key)) step(items(), items().indexOf(target), /Up|Left/.test(key) ? -1 : 1).focus();
    else if (plain && menu.querySelector(`[data-key="${CSS.escape(key.toLowerCase())}"]`)) menu.querySelector(`[data-key="${key.toLowerCase()}"]`).click();
    else return;
    return event.preventDefault();
  }
  if (document.querySelector("dialog[open]")) return;
  if (key === "Escape") {
    if (!list?.hidden && target === text) list.hidden = true;
    else if (mode?.firstElementChild) leaveMode();
    else last(`[data-asker="${me}"] [data-stop]:enabled`)?.click();
  } else if (target === text) composing(event);
  else if (target === thread || target.matches("#messages .msg")) {
    const rows = all(".msg");
    if (/^Arrow(Up|Down)$/.test(key)) step(rows, rows.indexOf(target), key === "ArrowUp" ? -1 : 1)?.focus();
    else if (plain && !event.shiftKey && "retwcl".includes(key.toLowerCase()) && target !== thread) act(target, key.toLowerCase());
    else return;
    event.preventDefault();
  }
});

// The composer: what is sent waits in a box until the server has it -----------------------------------------------------

const boxName = `outbox ${me} ${group}`;
let box = JSON.parse(sessionStorage.getItem(boxName) ?? "[]"), sending, drafting, before = "", draft;

const put = () => {
  sessionStorage.setItem(boxName, JSON.stringify(box));
  $("waiting").replaceChildren(...(box.some((one) => one.late) ? box : []).map((one) => {
    const row = $("unsent").content.firstElementChild.cloneNode(true);
    row.dataset.unsent = one.id;
    row.querySelector(".say").textContent = one.text;
    if (one.problem) row.querySelector("[data-why]").textContent = one.problem;
    return row;
  }));
};
const flush = async () => {
  if (sending) return;
  sending = true;
  for (let one; (one = box.find((each) => !each.problem));) {
    const slow = setTimeout(() => { one.late = true; put(); }, 500);
    await draft; // or it would come back after the message
    const answer = await post(one.url, one).catch(() => ({ status: 503 }));
    clearTimeout(slow);
    if (answer.status === 401) return location.reload();
    if (answer.ok) box = box.filter((each) => each !== one);
    else {
      one.late = true;
      if (answer.status < 500) one.problem = (await answer.json()).sentence;
    }
    put();
    if (answer.status >= 500) { setTimeout(flush, 3000); break; }
  }
  sending = false;
};
const unsend = (button) => {
  const id = button.closest("[data-unsent]").dataset.unsent;
  if (button.matches("[data-again]")) { text.value = box.find((one) => one.id === id).text; drafted(); }
  box = box.filter((one) => one.id !== id);
  put();
  text.focus();
};
const editing = () => mode.querySelector("[name=edit]")?.value;
const long = () => text.value.length > main.dataset.longest;
const grow = () => { text.style.height = "auto"; text.style.height = text.scrollHeight + "px"; $("too-long").hidden = !long(); };

const drafted = () => {
  grow();
  if (!editing()) drafting ??= setTimeout(() => {
    drafting = undefined;
    if (!editing()) draft = post(`/groups/${group}/draft`, { text: text.value }).catch(() => {});
  }, 700);
};
const leaveMode = () => {
  if (editing()) text.value = before;
  mode.replaceChildren();
  grow();
  text.focus();
};
const mark = (sign) => {
  const { selectionStart: from, selectionEnd: to } = text, words = text.value.slice(from, to);
  const lines = sign === "- ", wraps = lines || sign === "@" ? "" : sign;
  text.setRangeText(lines ? words.replace(/^/gm, sign) : sign + words + wraps, from, to, "end");
  if (wraps && !words) text.selectionStart = text.selectionEnd = from + sign.length;
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
};

const begun = () => /(?:^|\s)@([^@\n]{0,40})$/.exec(text.value.slice(0, text.selectionStart))?.[1];
const offer = async () => {
  const wanted = begun();
  if (wanted !== undefined) {
    const found = await fetch(`/groups/${group}/mentions?text=${encodeURIComponent(wanted)}`)
      .then((answer) => answer.ok ? answer.text() : "").catch(() => "");
    if (wanted !== begun()) return;
    list.replaceChildren(...new DOMParser().parseFromString(found, "text/html").body.children);
  }
  list.hidden = wanted === undefined || !list.firstElementChild;
  select(all("[role=option]:not([aria-disabled])", list)[0]);
};
const select = (option) => {
  for (const one of all("[aria-selected=true]", list)) one.ariaSelected = false;
  if (option) option.ariaSelected = true;
  text.setAttribute("aria-activedescendant", list.hidden ? "" : option?.id ?? "");
};
const choose = (option) => {
  if (!option || option.ariaDisabled) return;
  text.setRangeText(option.dataset.name + " ", text.selectionStart - begun().length, text.selectionStart, "end");
  list.hidden = true;
  text.focus();
  drafted();
};
const composing = (event) => {
  const { key } = event, open = !list.hidden, options = all("[role=option]:not([aria-disabled])", list);
  const now = options.findIndex((one) => one.ariaSelected === "true");
  if (event.isComposing) return;
  if (open && /^Arrow(Up|Down)$/.test(key)) select(step(options, now, key === "ArrowUp" ? -1 : 1));
  else if (open && now >= 0 && (key === "Tab" || key === "Enter")) choose(options[now]);
  else if (key === "Enter" && !event.shiftKey) form.requestSubmit();
  else if (key === "ArrowUp" && !text.value && !mode.firstElementChild) {
    const mine = last(`.msg[data-author="${me}"]:has([data-menu])`);
    if (mine) htmx.ajax("GET", `/messages/${mine.dataset.id}/edit`, { target: "#mode", swap: "innerHTML" });
  } else return;
  event.preventDefault();
};

if (form) {
  const tabs = new BroadcastChannel(boxName); // what another tab of theirs has sent is no draft here any more
  tabs.onmessage = (event) => { if (event.data === text.value && !editing()) { text.value = ""; grow(); } };
  new MutationObserver(() => {
    const source = mode.querySelector("[data-source]");
    if (source) { before = text.value; text.value = source.value; source.remove(); }
    if (mode.firstElementChild) { grow(); text.focus(); }
  }).observe(mode, { childList: true });
  text.addEventListener("input", () => { drafted(); offer(); });
  text.addEventListener("blur", () => setTimeout(() => { list.hidden = true; }, 200));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!text.value.trim() || long()) return;
    const edit = editing();
    const reply_to = mode.querySelector("[name=reply_to]")?.value ?? "";
    box.push({ id: crypto.getRandomValues(new Uint32Array(4)).join("-"), url: edit ? `/messages/${edit}/edit` : `/groups/${group}/messages`, reply_to, text: text.value });
    tabs.postMessage(text.value);
    drafting = clearTimeout(drafting); // undefined
    text.value = edit ? before : "";
    before = "";
    mode.replaceChildren();
    list.hidden = true;
    grow();
    thread.scrollTop = 0;
    put();
    flush();
  });
  $("live").addEventListener("htmx:sse:after:connection", flush);
  addEventListener("online", flush);
  for (const one of box) one.late = true;
  put();
  flush();
  grow();
}

watch();
new MutationObserver(watch).observe($("messages").parentNode, { childList: true });
const aim = document.querySelector(".aim") ?? $("unread");
if (aim?.matches(".aim")) jump(aim);
else if (aim && aim.getBoundingClientRect().top < thread.getBoundingClientRect().top) aim.scrollIntoView({ block: "center" });
