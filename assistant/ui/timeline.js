// What happened when: a topic goes to the API, its events come back as a plot over a list of quotes.
const { api, day, make } = dateline;
const find = (selector) => element.querySelector(selector);
const [form, told, plot, list] = [".dl-search", ".dl-told", ".dl-plot", ".dl-events"].map(find);
const DAY = 86_400_000;
const HIGH = 22;
let events = [];

const svg = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const time = (iso) => Date.parse(`${iso}T00:00:00Z`);

// Days stand as dots, longer times as bars; what would touch goes one row up.
const draw = () => {
  plot.hidden = !events.length;
  if (!events.length) return;
  const wide = Math.max(280, plot.clientWidth);
  const spans = events.map((event) => [time(event.from), time(event.to) + DAY]);
  const [first, last] = [Math.min(...spans.map(([start]) => start)), Math.max(...spans.map(([, end]) => end))];
  const margin = Math.max((last - first) * 0.04, 5 * DAY);
  const [begin, length] = [first - margin, last - first + 2 * margin];
  const x = (at) => ((at - begin) / length) * wide;
  const rows = [];
  const marks = spans.map(([start, end], index) => {
    const left = Math.min(x(start), x((start + end) / 2) - 6);
    const right = Math.max(x(end), left + 12);
    let row = rows.findIndex((edge) => edge + 3 < left);
    if (row < 0) row = rows.push(0) - 1;
    rows[row] = right;
    return { index, left, right, row };
  });
  const high = rows.length * HIGH + 12;
  const years = length > 3 * 366 * DAY;
  const ticks = [];
  for (let at = new Date(begin); ; ) {
    at = years ? new Date(Date.UTC(at.getUTCFullYear() + 1, 0)) : new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1));
    if (at.getTime() > begin + length || ticks.length > 400) break;
    ticks.push(at.getTime());
  }
  const every = Math.max(1, Math.ceil(ticks.length / Math.floor(wide / 90)));
  const form = new Intl.DateTimeFormat(undefined, years ? { year: "numeric", timeZone: "UTC" } : { month: "short", year: "numeric", timeZone: "UTC" });
  const picture = svg("svg", { width: wide, height: high + 26, role: "img", "aria-label": `${events.length} events on a line of time; the list below tells them` },
    svg("line", { x1: 0, x2: wide, y1: high, y2: high, class: "dl-axis" }),
    ...ticks.filter((_, index) => index % every === 0).flatMap((at) => [
      svg("line", { x1: x(at), x2: x(at), y1: 4, y2: high + 5, class: "dl-tick" }),
      svg("text", { x: x(at), y: high + 20, "text-anchor": x(at) < 40 ? "start" : x(at) > wide - 40 ? "end" : "middle" }, form.format(at)),
    ]),
    ...marks.map(({ index, left, right, row }) => svg("rect", {
      x: left, y: high - 8 - row * HIGH - 12, width: right - left, height: 12, rx: 6, "data-event": index,
      class: events[index].clock === "published" ? "dl-dot-published" : "dl-dot-event",
    }, svg("title", {}, `${events[index].said}: ${events[index].citations[0]?.quote ?? ""}`))));
  plot.replaceChildren(picture);
};
const when = (event) => event.running ? [make("span", {}, "since "), day(event.from)]
  : /^\d{4}(-\d\d){0,2}$/.test(event.date) ? [day(event.date)] : [day(`${event.from}/${event.to}`)];
const entry = (event, index) => make("li", { id: `dl-event-${index}`, tabindex: -1 },
  make("h3", {}, when(event), event.clock === "published" ? make("small", {}, " (day of publication)") : null),
  event.citations.map((cited) => {
    const place = make("button", { type: "button", class: "dl-quote dl-told-by", dir: "auto" }, cited.quote);
    const around = cited.passage ?? cited.span;
    Object.assign(place.dataset, { document: cited.document_id, start: cited.span.start, end: cited.span.end, from: around.start, to: around.end });
    return [place, make("p", { class: "dl-by" }, make("span", { dir: "auto" }, cited.title), " · ",
      cited.published ? ["published ", day(cited.published)] : "no published date", cited.speaker ? [" · said by ", make("span", { dir: "auto" }, cited.speaker)] : null)];
  }));
const ask = async () => {
  const topic = form.elements.topic.value.trim();
  if (!topic) return;
  told.textContent = "Searching the documents …";
  try {
    const found = await api(`/v1/timeline?${new URLSearchParams({ topic })}`);
    events = found.events;
    told.textContent = found.reason ?? `${events.length} ${events.length === 1 ? "event" : "events"}`;
  } catch (error) {
    events = [];
    told.textContent = error.message;
  }
  list.replaceChildren(...events.map(entry));
  draw();
};
form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
list.addEventListener("click", (event) => {
  const place = event.target.closest(".dl-told-by");
  const places = [...list.querySelectorAll(".dl-told-by")];
  if (place) dateline.open(places, places.indexOf(place), place);
});
plot.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-event]");
  if (mark) list.children[mark.dataset.event].querySelector(".dl-told-by").click();
});
new ResizeObserver(draw).observe(element);
