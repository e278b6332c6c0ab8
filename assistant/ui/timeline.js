// What happened when: a topic goes to the API, its events come back as a plot over a list of quotes.
const { api, button, counted, day, make } = dateline;
const find = (selector) => element.querySelector(selector);
const [form, told, plot, list, topics] = [".dl-search", ".dl-told", ".dl-plot", ".dl-events", ".dl-topics"].map(find);
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

// Where nothing happens for most of the time, the line is cut short, and drawn dashed. Returns its pieces.
const pieces = (times, wide) => {
  const stops = [...new Set(times)].sort((one, other) => one - other);
  const whole = stops.at(-1) - stops[0];
  const gaps = stops.slice(1).map((stop, index) => {
    const gap = stop - stops[index];
    const drawn = Math.min(gap, Math.max(20 * DAY, 0.3 * (whole - gap)));
    return { from: stops[index], to: stop, drawn, cut: drawn < gap };
  });
  const margin = 24;
  const scale = (wide - 2 * margin) / gaps.reduce((sum, { drawn }) => sum + drawn, 0);
  let left = margin;
  return gaps.map((gap) => {
    const piece = { ...gap, left, right: left + gap.drawn * scale };
    left = piece.right;
    return piece;
  });
};

// Days stand as dots, longer times as bars; what would touch goes one row up.
const draw = () => {
  plot.hidden = !events.length;
  if (!events.length) return;
  const wide = Math.max(280, plot.clientWidth);
  const spans = events.map((event) => [time(event.from), time(event.to) + DAY]);
  const line = pieces(spans.flat(), wide);
  const [begin, end] = [line[0].from, line.at(-1).to];
  const x = (at) => {
    const piece = line.find(({ to }) => at <= to) ?? line.at(-1);
    return piece.left + ((at - piece.from) / (piece.to - piece.from)) * (piece.right - piece.left);
  };
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
  // What is cut short has no ticks: the two ends of it tell its dates.
  const whole = line.filter(({ cut }) => !cut);
  const years = line.filter(({ cut }) => !cut).reduce((sum, { from, to }) => sum + to - from, 0) > 3 * 366 * DAY;
  const ticks = [];
  for (let at = new Date(begin); at.getTime() <= end; ) {
    const place = x(at.getTime());
    const inside = whole.some(({ from, to }) => from <= at.getTime() && at.getTime() <= to);
    if (inside && place >= (ticks.at(-1)?.place ?? -90) + 90) ticks.push({ at, place });
    at = years ? new Date(Date.UTC(at.getUTCFullYear() + 1, 0)) : new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1));
  }
  const form = new Intl.DateTimeFormat(undefined, years ? { year: "numeric", timeZone: "UTC" } : { month: "short", year: "numeric", timeZone: "UTC" });
  const picture = svg("svg", { width: wide, height: high + 26, role: "img", "aria-label": `${events.length} events on a line of time; the list below tells them` },
    ...line.map((piece) => svg("line", { x1: piece.left, x2: piece.right, y1: high, y2: high, class: piece.cut ? "dl-axis dl-cut" : "dl-axis" })),
    ...ticks.flatMap(({ at, place }) => [
      svg("line", { x1: place, x2: place, y1: 4, y2: high + 5, class: "dl-tick" }),
      svg("text", { x: place, y: high + 20, "text-anchor": place < 40 ? "start" : place > wide - 40 ? "end" : "middle" }, form.format(at)),
    ]),
    ...marks.map(({ index, left, right, row }) => svg("rect", {
      x: left, y: high - 8 - row * HIGH - 12, width: right - left, height: 12, rx: 6, "data-event": index,
      class: events[index].clock === "published" ? "dl-dot-published" : "dl-dot-event",
    }, svg("title", {}, `${events[index].said}: ${events[index].citations[0]?.quote ?? ""}`))));
  plot.querySelector("svg")?.remove();
  plot.prepend(picture);
};
const when = (event) => event.running ? [make("span", {}, "since "), day(event.from)]
  : /^\d{4}(-\d\d){0,2}$/.test(event.date) ? [day(event.date)] : [day(`${event.from}/${event.to}`, event.joined)];
const entry = (event, index) => make("li", { id: `dl-event-${index}`, tabindex: -1 },
  make("h2", {}, when(event), event.clock === "published" ? make("small", {}, " (day of publication)") : null),
  event.citations.map((cited) => {
    const place = make("button", { type: "button", class: "dl-quote dl-told-by" }, cited.quote);
    const around = cited.passage ?? cited.span;
    Object.assign(place.dataset, { document: cited.document_id, start: cited.span.start, end: cited.span.end, from: around.start, to: around.end });
    return make("div", { dir: "auto" }, place, make("p", { class: "dl-by", dir: "ltr" }, make("span", { dir: "auto" }, cited.title), " · ",
      cited.published ? ["published ", day(cited.published)] : "no published date", cited.speaker ? [" · said by ", make("span", { dir: "auto" }, cited.speaker)] : null));
  }));
const ask = async () => {
  const topic = form.elements.topic.value.trim();
  if (!topic) return;
  topics.hidden = true;
  told.textContent = "Searching the documents …";
  try {
    const { set, words } = dateline.filters(); // what the chat is limited to holds here too
    for (const id of set.getAll("document")) set.append("document_ids", id);
    set.delete("document");
    set.set("topic", topic);
    const found = await api(`/v1/timeline?${set}`);
    events = found.events;
    told.textContent = [found.reason ?? counted(events.length, "event"), ...words].join(" · ");
  } catch (error) {
    events = [];
    told.textContent = error.message;
  }
  list.replaceChildren(...events.map(entry));
  draw();
};
const suggest = (documents) => {
  const titles = [...new Set(documents.map(({ title }) => title))].slice(0, 3);
  topics.querySelector("ul").replaceChildren(...titles.map((title) => make("li", {}, button(title, "topic", { dir: "auto" }))));
  topics.querySelector(".dl-months").replaceChildren(...dateline.months(documents));
  topics.querySelector("p").hidden = !titles.length;
};
document.addEventListener("dateline:documents", ({ detail }) => suggest(detail));
dateline.documents().then(suggest, (error) => { told.textContent = error.message; });
topics.addEventListener("click", (event) => {
  const item = event.target.closest("[data-do]");
  if (!item) return;
  if (item.dataset.do === "topic") {
    form.elements.topic.value = item.textContent;
    ask();
  } else {
    dateline.month = item.dataset.month; // where the documents were not looked at yet, they find it here
    dateline.tab("Documents");
    document.dispatchEvent(new CustomEvent("dateline:month"));
  }
});
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
