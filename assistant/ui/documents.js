// The documents: files in, a table to search and sort, changes by hand. All of it goes through the API.
const { api, button, counted, day, make } = dateline;
const find = (selector) => element.querySelector(selector);
const [files, results, search, told, head, body, more, months, none] = [
  "#dl-files", ".dl-results", ".dl-search", ".dl-told", "thead tr", "tbody", ".dl-more", ".dl-months", ".dl-none",
].map(find);
const PAGE = 200;
const AT_ONCE = 2;
let documents = [];
let states = {};
let order = { by: "added", down: true };
let shown = PAGE;

const collator = new Intl.Collator(undefined, { numeric: true });
const COLUMNS = [
  ["title", "Title", (item) => item.title],
  ["published", "Published", (item) => item.published ?? ""],
  ["source", "Source", (item) => item.source],
  ["passages", "Passages", (item) => item.passages],
  ["added", "Added", (item) => item.added],
];
const FOUND = { user: "by hand", "front matter": "in its header", filename: "in the file name", "file name": "in the file name", url: "in the address" };
const from = (item) => (item.published ? FOUND[item.published_from] ?? item.published_from : "");

const STATES = { "as read": "as in its folder", changed: "changed in its folder since", gone: "gone from its folder" };
const address = (item) => `/v1/documents/${encodeURIComponent(item.id)}`;
const row = (item) => {
  const names = item.names.length > 1 ? make("small", { dir: "auto" }, `Same content: ${item.names.join(", ")}`) : null;
  const made = make("tr", { "data-id": item.id },
    make("td", {}, make("button", { type: "button", class: "dl-title", "data-do": "view", dir: "auto" }, item.title), names),
    make("td", {}, item.published ? [day(item.published), make("small", {}, from(item))] : make("span", { class: "dl-by" }, "no date")),
    make("td", { dir: "auto" }, item.source),
    make("td", { class: "dl-number-cell", "data-noun": item.passages === 1 ? "passage" : "passages" }, item.passages.toLocaleString()),
    make("td", {}, day(item.added.slice(0, 10)), make("small", { class: "dl-state" }, STATES[states[item.id]])),
    make("td", { class: "dl-acts" }, button("Ask about it", "about"), button("Edit", "edit"), button("Delete", "delete")));
  Object.assign(made.dataset, { document: item.id, start: 0, end: 0, from: 0, to: 0 });
  return made;
};
const passing = () => {
  const words = search.elements.words.value.trim().toLocaleLowerCase();
  const [after, before] = [search.elements.after.value, search.elements.before.value];
  const value = COLUMNS.find(([name]) => name === order.by)[2];
  return documents
    .filter((item) => !words || [item.title, item.source, ...item.names].some((text) => text.toLocaleLowerCase().includes(words)))
    .filter((item) => (!after || (item.published ?? "") >= after) && (!before || (item.published && item.published <= before)))
    .sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      return (typeof a === "number" ? a - b : collator.compare(a, b)) * (order.down ? -1 : 1);
    });
};
const draw = () => {
  head.replaceChildren(...COLUMNS.map(([name, words]) =>
    make("th", { scope: "col", "aria-sort": order.by === name && (order.down ? "descending" : "ascending") },
      button(words, "sort", { class: "dl-sort", "data-by": name }))), make("th", { scope: "col" }, make("span", { class: "dl-unseen" }, "Actions")));
  const found = passing();
  body.replaceChildren(...found.slice(0, shown).map(row));
  more.hidden = found.length <= shown;
  none.hidden = found.length > 0 || !documents.length;
  if (!documents.length) told.textContent = "There are no documents yet.";
  else told.textContent = found.length === documents.length
    ? counted(documents.length, "document")
    : `${found.length.toLocaleString()} of ${documents.length.toLocaleString()} documents`;
  const month = search.elements.after.value.slice(0, 7);
  months.replaceChildren(...dateline.months(documents));
  find(`[data-month="${month}"]`)?.setAttribute("aria-pressed", isMonth(month));
};

const load = async () => {
  try {
    documents = await dateline.documents();
    draw();
    document.dispatchEvent(new CustomEvent("dateline:documents", { detail: documents }));
    states = await api("/documents/states");
    for (const line of body.children) line.querySelector(".dl-state")?.replaceChildren(STATES[states[line.dataset.id]] ?? "");
  } catch (error) {
    told.textContent = error.message;
  }
};

// Files go one by one, two at a time, and are read in the background; each has a line with its progress, then what became
// of it. Where the server has too much to do, it is waited for.
const sentence = (words) => words.charAt(0).toLocaleUpperCase() + words.slice(1);
const BECAME = {
  added: ({ title, passages }) => `Added as “${title}”, ${counted(passages, "passage")}`,
  replaced: ({ title, passages }) => `Took the place of its older self as “${title}”, ${counted(passages, "passage")}`,
  unchanged: () => "Already in the library",
  "same content": ({ detail }) => `Not added again: ${detail}`,
  failed: ({ detail }) => `Not added: ${sentence(detail)}`,
};
const BUSY = [429, 503];
const later = (seconds) => new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });
const post = (file, bar) => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  bar.value = 0;
  request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
  request.addEventListener("loadend", () => {
    let answer = { error: { message: "The server can't be reached." } };
    try { answer = JSON.parse(request.responseText); } catch { /* no answer of ours */ }
    resolve({ status: request.status, answer, wait: Number(request.getResponseHeader("Retry-After")) || 5 });
  });
  const form = new FormData();
  form.append("files", file);
  request.open("POST", "/v1/documents?background=true");
  request.send(form);
});
const followed = async (job) => {
  for (let wait = 0.1; !job.finished; wait = Math.min(2 * wait, 1.6)) {
    await later(wait);
    try {
      job = await api(`/v1/jobs/${encodeURIComponent(job.id)}`);
    } catch (error) {
      if (!BUSY.includes(error.status)) return [{ status: "failed", detail: `${error.message} Send the file again.` }];
    }
  }
  return job.state === "done" ? job.results : [...job.results, { status: "failed", detail: job.detail }];
};
const send = async (file, line) => {
  const bar = make("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  line.append(bar);
  let sent = await post(file, bar);
  for (let tries = 0; BUSY.includes(sent.status) && tries < 20; tries += 1) {
    await later(Math.min(sent.wait, 60));
    sent = await post(file, bar);
  }
  bar.removeAttribute("value");
  bar.setAttribute("aria-label", `Reading ${file.name}`);
  const became = sent.status === 202 ? await followed(sent.answer)
    : [{ status: "failed", detail: sent.answer.error?.message ?? "The server refused this." }];
  bar.remove();
  for (const result of became) {
    line.append(make("span", { class: result.status === "failed" ? "dl-bad" : "dl-good", dir: "auto" }, BECAME[result.status]?.(result) ?? result.detail));
  }
};
const progress = find(".dl-progress");
let [taken, done] = [0, 0];
const take = async (chosen) => {
  const queue = [...chosen].map((file) => {
    const line = make("li", {}, make("b", { dir: "auto" }, file.name));
    results.append(line);
    return [file, line];
  });
  taken += queue.length;
  const tell = () => { progress.textContent = `${done.toLocaleString()} of ${counted(taken, "file")}`; };
  tell();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (queue.length) {
      await send(...queue.shift());
      done += 1;
      tell();
    }
  }));
  await load();
};
files.addEventListener("change", () => { take(files.files); files.value = ""; });
const takeDropped = () => {
  if (dateline.dropped?.length) take(dateline.dropped.splice(0));
};
document.addEventListener("dateline:drop", takeDropped);

const daysOf = (month) => {
  const [year, number] = month.split("-").map(Number);
  return [`${month}-01`, `${month}-${new Date(Date.UTC(year, number, 0)).getUTCDate()}`];
};
const isMonth = (month) => month !== "" && daysOf(month).every((day, end) => search.elements[end ? "before" : "after"].value === day);
const takeMonth = () => {
  if (!dateline.month) return;
  [search.elements.after.value, search.elements.before.value] = daysOf(dateline.month);
  dateline.month = "";
  draw();
};
document.addEventListener("dateline:month", takeMonth);
const doing = {
  all: () => {
    for (const name of ["words", "after", "before"]) search.elements[name].value = "";
    draw();
    search.elements.words.focus();
  },
  sort: (item) => {
    const by = item.dataset.by;
    order = { by, down: order.by === by ? !order.down : by === "added" || by === "published" };
    draw();
    find(`[data-by="${by}"]`).focus();
  },
  month: (item) => {
    const month = item.dataset.month;
    [search.elements.after.value, search.elements.before.value] = isMonth(month) ? ["", ""] : daysOf(month);
    draw();
    find(`[data-month="${month}"]`)?.focus();
  },
  view: (item, line) => dateline.open([line], 0, item),
  about: (item, line, known) => document.dispatchEvent(new CustomEvent("dateline:about", { detail: known })),
  edit: (item, line, known) => {
    const form = make("form", { class: "dl-edit", autocomplete: "off" },
      make("label", {}, "Title ", make("input", { name: "title", value: known.title, maxlength: 500, required: true, dir: "auto" })),
      make("label", {}, "Published ", make("input", { type: "date", name: "published", value: known.published ?? "" })),
      make("button", { class: "dl-button" }, "Save"), button("Cancel", "cancel"));
    line.replaceChildren(make("td", { colspan: COLUMNS.length + 1 }, form));
    form.elements.title.focus();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await change(known, "PATCH", { title: form.elements.title.value.trim(), published: form.elements.published.value || null });
    });
  },
  cancel: () => draw(),
  delete: (item) => {
    const sure = button("Really delete?", "gone", { class: "dl-button dl-danger" });
    item.replaceWith(sure);
    sure.focus(); // not the first of the table: another row may be asked about as well
  },
  gone: (item, line, known) => change(known, "DELETE"),
};
const change = async (known, method, sent) => {
  try {
    await api(address(known), method, sent);
    if (method === "DELETE") document.dispatchEvent(new CustomEvent("dateline:deleted", { detail: known }));
    await load();
  } catch (error) {
    told.textContent = error.message;
  }
};
element.addEventListener("click", (event) => {
  const item = event.target.closest("button[data-do]");
  if (!item) return;
  const line = item.closest("tr[data-id]");
  doing[item.dataset.do](item, line, documents.find(({ id }) => id === line?.dataset.id));
});
more.addEventListener("click", () => { shown += PAGE; draw(); });
search.addEventListener("input", draw);
search.addEventListener("submit", (event) => event.preventDefault());
takeMonth();
load();
takeDropped();
