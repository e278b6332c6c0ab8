// The conversation: questions go out by the event "ask", turns come back as the value.
const { api, button, day, make, part } = dateline;
const find = (selector) => element.querySelector(selector);
const [log, welcome, sources, form, box, card, status, chips, past] = [
  ".dl-log", ".dl-welcome", ".dl-sources", ".dl-ask", "#dl-question", ".dl-card", ".dl-status", ".dl-chips", ".dl-past",
].map(find);
const hovers = matchMedia("(hover: hover)");
const ASKED = "dateline:asked";
let carded = null; // the mark that the card is of
let busy = false;
let conversation = "";
let looking = 0;
let waiting = []; // questions of a link, to be asked one after the other

// The address holds what is open: the conversation and the filters. A shared link holds a question, which is asked after
// those that it leans on, so that it is understood as it was.
const MOST_ASKED = 20;
const DAYS = { after: "Published from", before: "Published up to", as_of: "As known on" };
const chosen = new Map(); // document id -> title
const filters = () => {
  const set = Object.fromEntries(Object.keys(DAYS).map((name) => [name, form.elements[name].value]).filter(([, value]) => value));
  return chosen.size ? { ...set, document_ids: [...chosen.keys()] } : set;
};
const query = ({ document_ids = [], ...days }, others = {}) =>
  new URLSearchParams([...Object.entries({ ...others, ...days }), ...document_ids.map((id) => ["document", id])]);
const remember = () => {
  const said = query(filters(), conversation ? { conversation } : {}).toString();
  history.replaceState(null, "", `${said ? `?${said}` : location.pathname}${location.hash}`);
};
const showChips = () => {
  const chip = (words, name, id) => make("li", {}, make("span", { dir: "auto" }, words), button("×", "", { class: "dl-unset", "data-name": name, "data-id": id, "aria-label": "Remove this filter" }));
  const set = filters();
  chips.replaceChildren(
    ...Object.keys(DAYS).filter((name) => set[name]).map((name) => chip([`${DAYS[name]} `, day(set[name])], name)),
    ...[...chosen].map(([id, title]) => chip([`Only “${title}”`], "document", id)));
  chips.hidden = !chips.children.length;
  remember();
};
const setFilters = ({ document_ids = [], ...days }) => {
  for (const name of Object.keys(DAYS)) form.elements[name].value = days[name] ?? "";
  chosen.clear();
  for (const id of document_ids) {
    chosen.set(id, id);
    const named = (title) => { if (chosen.has(id)) { chosen.set(id, title); showChips(); } };
    api(`/v1/documents/${encodeURIComponent(id)}`).then(({ title }) => named(title), () => named("a document that is gone"));
  }
  showChips();
};
dateline.filters = () => ({ set: query(filters()), words: [...chips.querySelectorAll("li > span")].map((item) => item.textContent) });
document.addEventListener("dateline:about", ({ detail: { id, title } }) => {
  chosen.set(id, title);
  showChips();
  dateline.tab("Chat");
  box.focus();
});
document.addEventListener("dateline:deleted", ({ detail: { id } }) => { if (chosen.delete(id)) showChips(); });
form.addEventListener("change", (event) => { if (event.target.name) showChips(); });

const setBusy = (now) => {
  busy = now;
  clearTimeout(looking);
  find(".dl-send").hidden = now;
  find(".dl-stop").hidden = !now;
};
const fold = (closed) => {
  find(".dl-filters").hidden = closed;
  find(".dl-filter").setAttribute("aria-expanded", !closed);
};
const ask = (question) => {
  question = question.trim();
  if (busy || !question) return;
  setBusy(true);
  fold(true); // the chips tell what is set
  box.value = "";
  sessionStorage.setItem(ASKED, question); // where the server goes away meanwhile, the page is loaded again without it
  if (!hovers.matches) box.blur(); // the keyboard of a phone would cover the answer
  const last = log.lastElementChild;
  // What failed is no turn yet, and what was stopped and is asked again keeps its place.
  const again = last && (last.dataset.state === "failed" || (last.dataset.state === "stopped" && last.dataset.question === question));
  const number = log.children.length + (again ? 0 : 1);
  trigger("ask", { question, conversation, filters: filters(), number });
  looking = setTimeout(look, 1500, question, number);
};
// Where the question got no further than the browser, Gradio says nothing: the API does, as long as an answer is awaited.
const look = async (question, number) => {
  try {
    await api("/v1/conversations?limit=1");
    if (busy) looking = setTimeout(look, 10_000, question, number);
  } catch (error) {
    if (!busy) return;
    if (cut(error.message)) return;
    const way = error.status === 401 && make("a", { href: `${location.pathname}${location.search}` }, "Sign in again");
    show(
      make("article", { class: "dl-turn", id: `dl-turn-${number}`, "data-question": question, "data-state": "failed", "data-filters": JSON.stringify(filters()) },
        make("h2", { class: "dl-question", dir: "auto" }, question),
        make("p", { class: "dl-error", role: "alert" }, error.message, way || null),
        make("div", { class: "dl-tools" }, button("Ask again", "again"))),
      make("section", { class: "dl-group", "data-turn": number }));
    element.firstElementChild.classList.add("dl-begun");
    welcome.hidden = true;
    sessionStorage.setItem(ASKED, question);
  }
};

// Turns as they come. One that is there already is swapped; the others stay untouched, however many they are.
const show = (article, group) => {
  const old = document.getElementById(article.id);
  old ? old.replaceWith(article) : log.append(article);
  const oldGroup = sources.querySelector(`[data-turn="${group.dataset.turn}"]`);
  oldGroup ? oldGroup.replaceWith(group) : sources.append(group);
  if (article.dataset.state !== "pending" || !old) choose(group);
  if (!old && log.children.length > 1) article.scrollIntoView({ block: "start" });
};
const cut = (words) => {
  setBusy(false);
  waiting = [];
  sessionStorage.removeItem(ASKED);
  const turn = log.lastElementChild;
  if (turn?.dataset.state !== "pending") return false;
  turn.dataset.state = "stopped";
  turn.querySelector(":scope > .dl-pending")?.remove();
  turn.append(make("p", { class: "dl-stopped" }, words),
    make("div", { class: "dl-tools" }, button("Copy link", "link"), button("Ask again", "again")));
  return true;
};
const apply = () => {
  const value = props.value;
  if (!value) return;
  if (value.whole) {
    log.replaceChildren();
    sources.replaceChildren();
    welcome.innerHTML = value.welcome;
    setBusy(false);
  }
  if (value.whole || value.conversation) conversation = value.conversation;
  remember();
  for (const turn of value.turns) {
    const article = part(turn.html);
    if (busy || article.dataset.state !== "pending") show(article, part(turn.sources)); // else it was stopped meanwhile
  }
  if (value.failed) cut("The server could not answer this; its log says why.");
  welcome.hidden = log.children.length > 0;
  element.firstElementChild.classList.toggle("dl-begun", log.children.length > 0);
  const current = sources.querySelector(".dl-current");
  if (value.whole && current) choose(current); // only now it is laid out
  const last = log.lastElementChild;
  if (value.whole) {
    if (last && box.value === last.dataset.question) box.value = ""; // it was kept, and stands there to be asked again
    if (waiting.length) return ask(waiting.shift());
  }
  if (!busy || !last || last.dataset.state === "pending") return;
  setBusy(false);
  sessionStorage.removeItem(ASKED);
  const told = last.querySelector(".dl-error, .dl-refusal, .dl-confidence")?.textContent ?? "";
  status.textContent = last.querySelector(".dl-quote, .dl-said") ? `Answered. ${told}` : told;
  if (last.getBoundingClientRect().bottom > innerHeight - 120) last.scrollIntoView({ block: "start" });
  if (last.dataset.state !== "done") waiting = [];
  if (waiting.length) ask(waiting.shift());
};

// The sources of one turn are shown, each passage scrolled to its quote by whole lines, with one line before it.
const choose = (group) => {
  for (const other of sources.children) other.classList.toggle("dl-current", other === group);
  sources.scrollTop = 0;
  for (const passage of group.querySelectorAll(".dl-passage")) {
    const quote = passage.querySelector("mark");
    if (!quote || !passage.offsetParent) continue;
    passage.style.maxHeight = "";
    const line = parseFloat(getComputedStyle(passage).lineHeight);
    const place = (box) => Math.floor((box.top - passage.getBoundingClientRect().top + passage.scrollTop) / line);
    const before = document.createRange();
    before.setStart(passage, 0);
    before.setEndBefore(quote);
    const first = place(quote.getClientRects()[0]);
    const written = [...before.getClientRects()].filter(({ width }) => width > 1).map(place);
    // An empty line at the top tells nothing: it is scrolled past, and where there is nothing more to scroll, cut off.
    passage.scrollTop = (written.includes(first - 1) ? first - 1 : first) * line;
    const top = Math.round(passage.scrollTop / line);
    if (top < first && !written.includes(top)) {
      passage.style.maxHeight = `${passage.clientHeight - line}px`;
      passage.scrollTop = (top + 1) * line;
    }
  }
};
const openSource = (source, opener) => {
  const group = source.closest(".dl-group");
  choose(group);
  for (const other of sources.querySelectorAll(".dl-active")) other.classList.remove("dl-active");
  source.classList.add("dl-active");
  const [box, frame] = [source.getBoundingClientRect(), sources.getBoundingClientRect()];
  if (box.top < frame.top || box.bottom > frame.bottom) sources.scrollTop += box.top - frame.top - 16; // the page itself stays
  const kind = source.matches(".dl-near") ? ".dl-near" : ":not(.dl-near)";
  const places = [...group.querySelectorAll(`.dl-source[data-document]${kind}`)];
  if (places.includes(source)) dateline.open(places, places.indexOf(source), opener);
};

// Words with their references, for another place.
const withSources = (turn) => {
  const table = [...turn.querySelectorAll(".dl-differ")].map((item) =>
    [item.caption.textContent, ...[...item.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join(", "))].join("\n"));
  const words = [...table, ...[...turn.querySelectorAll(".dl-quote, .dl-said")].map((item) => item.textContent.replaceAll("\u00a0", " "))];
  const group = sources.querySelector(`[data-turn="${turn.id.slice("dl-turn-".length)}"]`);
  const references = [...group.querySelectorAll(".dl-source:not(.dl-near)")].map((source) => {
    const title = [...source.querySelector("h3").childNodes].slice(1).map((node) => node.textContent).join("");
    const published = source.querySelector(".dl-by time")?.dateTime;
    const said = [title, source.querySelector(".dl-by span")?.textContent, published].filter(Boolean).join(", ");
    return `[${source.dataset.number}] ${said}. ${source.querySelector("a[data-open]")?.href ?? ""}`.trim();
  });
  return `${turn.dataset.question}\n\n${words.join("\n\n")}\n\n${references.join("\n")}\n`;
};
const said = (item, words) => {
  const name = item.textContent;
  item.textContent = status.textContent = words;
  setTimeout(() => { item.textContent = name; }, 1500);
};
const rate = async (turn, rating, reason) => {
  try {
    await api("/v1/feedback", "POST", { answer_id: turn.dataset.answer, rating, reason });
    for (const item of turn.querySelectorAll(".dl-rate [data-do]")) item.setAttribute("aria-pressed", item.dataset.do === rating);
    status.textContent = "Noted.";
  } catch (error) {
    status.textContent = error.message;
    turn.querySelector(".dl-tools").after(make("p", { class: "dl-error" }, error.message));
  }
};
// A question with those before it that it leans on, the first one first. What was not answered may lean too.
const asking = (turn) => {
  const questions = [];
  for (let at = turn; at; at = at.previousElementSibling) {
    if (at === turn || at.dataset.state !== "failed") questions.unshift(at.dataset.question);
    if (at.dataset.state === "done" && !("leans" in at.dataset)) break;
  }
  return questions.slice(-MOST_ASKED);
};
const REASONS = ["It is wrong", "It is not what I asked", "It is out of date", "Something is missing"];
const doing = {
  again: (turn) => ask(turn.dataset.question),
  copy: async (turn, item) => { await dateline.copy(withSources(turn)); said(item, "Copied"); },
  link: async (turn, item) => {
    const address = new URL(location.pathname, location.href);
    address.search = new URLSearchParams([...asking(turn).map((question) => ["q", question]), ...query(JSON.parse(turn.dataset.filters))]);
    await dateline.copy(address.href);
    said(item, "Copied");
  },
  up: (turn) => rate(turn, "up", ""),
  down: (turn) => {
    rate(turn, "down", "");
    if (turn.querySelector(".dl-reason")) return;
    const why = make("form", { class: "dl-reason" },
      make("label", {}, "Why? ", make("select", { name: "why" }, REASONS.map((words) => make("option", {}, words)))),
      make("input", { name: "more", "aria-label": "More, in your words", placeholder: "More, if you like", maxlength: 500 }),
      make("button", { class: "dl-button" }, "Send"));
    why.addEventListener("submit", (event) => {
      event.preventDefault();
      rate(turn, "down", [why.elements.why.value, why.elements.more.value.trim()].filter(Boolean).join(": "));
      why.remove();
    });
    turn.querySelector(".dl-tools").after(why);
    why.elements.why.focus();
  },
};

// Kept conversations: opened, renamed, exported, and deleted after one question back.
const list = past.querySelector(".dl-past-list");
const showPast = async () => {
  let kept;
  try {
    ({ conversations: kept } = await api("/v1/conversations?limit=100"));
  } catch (error) {
    list.replaceChildren(make("p", { class: "dl-error" }, error.message));
    return;
  }
  list.replaceChildren(...kept.filter((item) => item.turns).map((item) => make("div", { class: "dl-past-item", "data-id": item.id },
    button(item.title, "open", { class: "dl-past-title", dir: "auto", "aria-current": item.id === conversation && "true" }),
    make("span", { class: "dl-past-when" }, day(item.updated), item.turns === 1 ? " · 1 question" : ` · ${item.turns} questions`),
    button("Rename", "rename"),
    make("a", { class: "dl-button", href: `/v1/conversations/${encodeURIComponent(item.id)}/export`, download: true }, "Export"),
    button("Delete", "delete"))));
  if (!list.children.length) list.append(make("p", { class: "dl-pending" }, "None yet: what you ask is kept here."));
};
const begin = (id) => { trigger("begin", { conversation: id }); past.open = false; };
const keeping = {
  open: (row) => begin(row.dataset.id),
  rename: (row) => {
    const title = row.querySelector(".dl-past-title");
    const field = make("input", { "aria-label": "Title", maxlength: 200, dir: "auto", value: title.textContent });
    title.replaceWith(field);
    field.focus();
    field.addEventListener("keydown", async (event) => {
      if (event.key === "Escape") { event.stopPropagation(); return showPast(); }
      if (event.key !== "Enter" || !field.value.trim()) return;
      if (event.isComposing) return;
      try {
        await api(`/v1/conversations/${encodeURIComponent(row.dataset.id)}`, "PATCH", { title: field.value.trim() });
        showPast();
      } catch (error) {
        field.setCustomValidity(error.message);
        field.reportValidity();
      }
    });
  },
  delete: (row, item) => {
    item.replaceWith(button("Really delete?", "gone", { class: "dl-button dl-danger" }));
    row.querySelector("[data-do=gone]").focus();
  },
  gone: async (row, item) => {
    try {
      await api(`/v1/conversations/${encodeURIComponent(row.dataset.id)}`, "DELETE");
    } catch (error) {
      return said(item, error.message);
    }
    if (row.dataset.id === conversation) trigger("begin", { conversation: "" });
    showPast();
  },
};
past.addEventListener("toggle", () => { if (past.open) showPast(); });
document.addEventListener("click", (event) => { if (past.open && event.target.isConnected && !past.contains(event.target)) past.open = false; });

// The card of a mark: what its source says of itself, and the quote. Under a finger it stays, and has the way on.
const hideCard = () => { card.hidden = true; };
const openMark = (mark) => {
  hideCard();
  const source = document.getElementById(mark.dataset.source);
  if (source) openSource(source, mark);
};
const showCard = (mark, stays) => {
  const source = document.getElementById(mark.dataset.source);
  if (!source) return;
  carded = mark;
  card.classList.toggle("dl-stays", stays);
  card.setAttribute("role", stays ? "group" : "tooltip");
  card.replaceChildren(...[...source.querySelectorAll("h3, .dl-by, .dl-when, mark")].map((item) =>
    make("span", { class: `dl-card-${item.tagName.toLowerCase()}`, dir: "auto" }, [...item.childNodes].map((node) => node.cloneNode(true)))));
  if (stays && source.dataset.document) card.append(button("Open at the quote", "source"));
  card.hidden = false;
  const at = mark.getBoundingClientRect();
  const above = at.top - card.offsetHeight - 8;
  card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 8))}px`;
  card.style.top = `${above >= 8 ? above : at.bottom + 8}px`;
};
const markAt = (event) => event.target.closest?.("[data-source]");
element.addEventListener("mouseover", (event) => { if (hovers.matches && markAt(event)) showCard(markAt(event), false); });
element.addEventListener("mouseout", (event) => { if (hovers.matches && markAt(event)) hideCard(); });
element.addEventListener("focusin", (event) => { if (markAt(event)?.matches(":focus-visible")) showCard(markAt(event), false); });
element.addEventListener("focusout", () => { if (!card.classList.contains("dl-stays")) hideCard(); });
document.addEventListener("click", (event) => { if (!card.contains(event.target) && !markAt(event)) hideCard(); });
document.addEventListener("scroll", hideCard, { passive: true });

element.addEventListener("click", (event) => {
  const mark = markAt(event);
  const link = event.target.closest("a[data-open]");
  const item = event.target.closest("button");
  if (mark) {
    event.preventDefault();
    if (hovers.matches || event.detail === 0 || (!card.hidden && carded === mark)) openMark(mark);
    else showCard(mark, true);
  } else if (link && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    openSource(link.closest(".dl-source"), link);
  } else if (!item) return;
  else if (item.dataset.ask) ask(item.dataset.ask);
  else if (item.matches(".dl-stop")) { trigger("stop"); cut(item.dataset.told); }
  else if (item.matches(".dl-new")) { begin(""); box.focus(); }
  else if (item.matches(".dl-filter")) fold(!find(".dl-filters").hidden);
  else if (item.matches(".dl-unset")) {
    if (item.dataset.id) chosen.delete(item.dataset.id);
    else form.elements[item.dataset.name].value = "";
    showChips();
    box.focus();
  } else if (item.closest(".dl-past-item")) keeping[item.dataset.do](item.closest(".dl-past-item"), item);
  else if (item.dataset.do === "source") openMark(carded);
  else if (item.dataset.do) doing[item.dataset.do](item.closest(".dl-turn"), item);
});
element.addEventListener("keydown", (event) => {
  const mark = markAt(event);
  if (mark && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); mark.click(); }
  if (event.key === "Escape") { hideCard(); past.open = false; }
  if (event.target === box && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ask(box.value);
  }
});
form.addEventListener("submit", (event) => { event.preventDefault(); ask(box.value); });

const address = new URLSearchParams(location.search);
waiting = address.getAll("q").slice(-MOST_ASKED);
setFilters({ ...Object.fromEntries(Object.keys(DAYS).map((name) => [name, address.get(name) ?? ""])), document_ids: address.getAll("document") });
watch("value", apply);
trigger("begin", { conversation: address.get("conversation") ?? "" });
box.value = sessionStorage.getItem(ASKED) ?? "";
if (hovers.matches) box.focus();
