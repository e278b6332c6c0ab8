// What the parts of the page share, made once: elements, words to copy, the API, the tabs.
window.dateline ??= (() => {
  // An element with attributes and children; text is text.
  const make = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };
  const button = (words, action, attributes = {}) =>
    make("button", { type: "button", class: "dl-button", "data-do": action, ...attributes }, words);
  const day = (iso, joined) => make("time", { datetime: iso, "data-joined": joined || null }, iso);
  // A part that is swapped for new markup; Python made it, and escaped every text in it.
  const part = (markup) => document.createRange().createContextualFragment(markup).firstElementChild;
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.body.appendChild(make("textarea")); // without TLS there is no clipboard
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  // The API's JSON; what it refuses is an Error with its sentence.
  const api = async (path, method = "GET", body = undefined) => {
    const form = body instanceof FormData;
    const headers = body && !form ? { "Content-Type": "application/json" } : {};
    let response;
    try {
      response = await fetch(path, { method, headers, body: body && !form ? JSON.stringify(body) : body });
    } catch {
      throw new Error("The server can't be reached.");
    }
    const answer = await response.json();
    if (!response.ok) {
      const said = answer.error?.message ?? `The server refused this (${response.status}).`;
      throw Object.assign(new Error(said), { status: response.status });
    }
    return answer;
  };
  const open = (places, index, opener) =>
    document.dispatchEvent(new CustomEvent("dateline:open", { detail: { places, index, opener } }));
  const tab = (name) => {
    for (const item of document.querySelectorAll("button[role=tab]")) if (item.textContent.trim() === name) item.click();
  };
  const counted = (count, noun) => `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;
  // All documents of the library, the last added first.
  const documents = async () => {
    const all = [];
    for (let total = 1; all.length < total; ) {
      const some = await api(`/v1/documents?limit=500&offset=${all.length}`);
      total = some.documents.length ? some.total : 0;
      all.push(...some.documents);
    }
    return all;
  };
  // The library as a small picture: a bar a month, as high as the month has documents; years where months would be too thin.
  const months = (all) => {
    const counts = new Map();
    const dated = all.map(({ published }) => published).filter(Boolean).sort();
    if (!dated.length) return [];
    const yearly = dated.at(-1).slice(0, 4) - dated[0].slice(0, 4) > 15;
    const stem = (published) => published.slice(0, yearly ? 4 : 7);
    for (const published of dated) counts.set(stem(published), (counts.get(stem(published)) ?? 0) + 1);
    const steps = [];
    for (let at = stem(dated[0]); at <= stem(dated.at(-1)) && steps.length < 600; ) {
      steps.push(at);
      const [year, month] = at.split("-").map(Number);
      const next = yearly || month === 12 ? String(year + 1).padStart(4, "0") : at.slice(0, 4);
      at = yearly ? next : `${next}-${String((month % 12) + 1).padStart(2, "0")}`;
    }
    if (steps.length < 2) return [];
    const most = Math.max(...counts.values());
    const bars = steps.map((step) => {
      const count = counts.get(step) ?? 0;
      const said = `${step}: ${counted(count, "document")}`;
      const bar = count && !yearly
        ? make("button", { type: "button", "data-do": "month", "data-month": step, "aria-label": said, title: said })
        : make("span", count ? { title: said, class: "dl-full" } : {});
      bar.style.setProperty("--high", `${count ? Math.max(4, Math.round((44 * count) / most)) : 0}px`);
      return bar;
    });
    return [
      make("div", { class: "dl-bars", role: "group", "aria-label": "Documents by month of publication" }, bars),
      make("p", { class: "dl-ends" }, day(steps[0]), make("span", {}, yearly ? "documents by year" : "documents by month"), day(steps.at(-1))),
    ];
  };
  // Files that are dropped anywhere go to the documents, and the browser does not leave the page for them.
  let inside = 0;
  const mayAdd = () => !document.querySelector(".dl-reads-only");
  const over = (by) => { inside = by ? Math.max(0, inside + by) : 0; document.body.classList.toggle("dl-over", inside > 0 && mayAdd()); };
  const files = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (files(event)) over(1); });
  addEventListener("dragleave", (event) => { if (files(event)) over(-1); });
  addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    over(0);
    if (!mayAdd()) return;
    dateline.dropped = [...event.dataTransfer.files]; // where the documents were not looked at yet, they find them here
    tab("Documents");
    document.dispatchEvent(new CustomEvent("dateline:drop"));
  });
  // The Tab key reaches the chosen tab, the arrow keys lead to the others.
  const tabs = () => [...document.querySelectorAll("button[role=tab]")];
  const reach = (chosen) => { for (const item of tabs()) item.tabIndex = item === chosen ? 0 : -1; };
  reach(tabs().find((item) => item.getAttribute("aria-selected") === "true"));
  document.addEventListener("keydown", (event) => {
    const all = tabs();
    const at = all.indexOf(event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    next.click();
    next.focus();
  });
  // The part that is looked at stands in the address.
  document.addEventListener("click", (event) => {
    const clicked = event.target.closest?.("button[role=tab]");
    const name = clicked?.textContent.trim().toLowerCase();
    if (name) reach(clicked);
    if (name) history.replaceState(null, "", `${location.pathname}${location.search}${name === "chat" ? "" : `#${name}`}`);
  });
  const named = { "#documents": "Documents", "#timeline": "Timeline" }[location.hash];
  // A click before Gradio listens is lost, so it is repeated until the tab is chosen or the visitor goes elsewhere.
  const land = (hash, tries) => {
    const chosen = [...document.querySelectorAll("button[role=tab][aria-selected=true]")].some((item) => item.textContent.trim() === named);
    if (chosen || !tries || location.hash !== hash) return;
    tab(named);
    setTimeout(() => land(hash, tries - 1), 100);
  };
  if (named) setTimeout(() => land(location.hash, 100));
  return { api, button, copy, counted, day, documents, make, months, open, part, tab };
})();
