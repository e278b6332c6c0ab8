// The document beside the page: opened at a quote, with the way to the quotes before and after it.
const panel = element.querySelector(".dl-reader");
const [text, count, back, on, away] = [".dl-reader-text", ".dl-count", "[data-go='-1']", "[data-go='1']", ".dl-away"].map(
  (selector) => panel.querySelector(selector));
let places = [];
let index = 0;
let opener = null;
let asked = 0;

const address = (place, way) => {
  const { document: id, start, end, from, to } = place.dataset;
  const query = new URLSearchParams({ start, end, from, to });
  return `/documents/${encodeURIComponent(id)}${way}?${query}`;
};
const show = async () => {
  const place = places[index];
  const mine = ++asked;
  count.textContent = places.length > 1 ? `${index + 1} of ${places.length}` : "";
  back.hidden = on.hidden = places.length < 2;
  back.disabled = index === 0;
  on.disabled = index === places.length - 1;
  away.href = `${address(place, "")}#quote`;
  panel.classList.add("dl-open");
  document.body.classList.add("dl-reading");
  let markup;
  try {
    const response = await fetch(address(place, "/reader"));
    const refused = response.status === 404 ? "The document is no longer in the library." : `The server refused this (${response.status}): load the page again.`;
    markup = response.ok ? await response.text() : `<p class="dl-error">${refused}</p>`;
  } catch {
    markup = `<p class="dl-error">The server can't be reached.</p>`;
  }
  if (mine !== asked) return;
  text.innerHTML = markup; // the server made it, and escaped every text in it
  text.querySelector(".dl-by")?.after(...[...place.querySelectorAll(".dl-when")].map((line) => line.cloneNode(true)));
  const quote = text.querySelector("#quote");
  quote?.scrollIntoView({ block: "center" });
  (quote ?? panel).focus({ preventScroll: true });
};
const close = () => {
  if (!panel.classList.contains("dl-open")) return;
  asked += 1;
  panel.classList.remove("dl-open");
  document.body.classList.remove("dl-reading");
  text.replaceChildren();
  if (opener?.isConnected) opener.focus();
};
const go = (step) => {
  if (!(index + step in places)) return;
  index += step;
  show();
};
document.addEventListener("dateline:open", (event) => {
  ({ places, index, opener } = event.detail);
  show();
});
panel.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.go) go(Number(button.dataset.go));
  else if (button) close();
});
document.addEventListener("keydown", (event) => {
  if (!panel.classList.contains("dl-open") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest("input, textarea, select, [role=tab]")) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") close();
  else if (step) { event.preventDefault(); go(step); }
});
