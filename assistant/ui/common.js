// What the parts of the page share, made once: dates in the reader's form, elements, words to copy, the API, the tabs.
window.dateline ??= (() => {
  const forms = { 4: { year: "numeric" }, 7: { year: "numeric", month: "long" }, 10: { dateStyle: "medium" } };
  const form = (iso) => new Intl.DateTimeFormat(undefined, { ...forms[iso.length], timeZone: "UTC" }).format(new Date(iso));
  const localize = () => {
    for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
      const iso = time.getAttribute("datetime");
      time.title = iso;
      const ends = iso.split("/").filter((end) => /^\d{4}(-\d\d){0,2}$/.test(end));
      if (ends.length) time.textContent = ends.map(form).join(" – ");
    }
  };
  new MutationObserver(localize).observe(document.body, { childList: true, subtree: true });
  localize();

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
  const day = (iso) => make("time", { datetime: iso }, iso);
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
    if (!response.ok) throw new Error(answer.error?.message ?? `The server refused this (${response.status}).`);
    return answer;
  };
  const open = (places, index, opener) =>
    document.dispatchEvent(new CustomEvent("dateline:open", { detail: { places, index, opener } }));
  const tab = (name) => {
    for (const item of document.querySelectorAll("button[role=tab]")) if (item.textContent.trim() === name) item.click();
  };
  return { api, button, copy, day, make, open, part, tab };
})();
