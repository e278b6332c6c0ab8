// Dates in the reader's form, wherever a time element comes to stand: on our page, and on a document's own.
window.datelineDates ??= (() => {
  const forms = { 4: { year: "numeric" }, 7: { year: "numeric", month: "long" }, 10: { dateStyle: "medium" } };
  const form = (iso) => new Intl.DateTimeFormat(undefined, { ...forms[iso.length], timeZone: "UTC" });
  const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  // From the one to the other, or the two alone: "9–11 Nov 2024", "9 and 11 Nov 2024".
  const both = (first, last, joined) => {
    const parts = form(first).formatRangeToParts(new Date(first), new Date(last));
    const between = parts.findIndex(({ source }) => source === "endRange") - 1;
    return parts.map(({ value }, index) => (joined && index === between ? ` ${joined} ` : value)).join("");
  };
  const localize = () => {
    for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
      const iso = time.getAttribute("datetime");
      time.title = iso;
      if (iso.includes("T")) time.textContent = moment.format(new Date(iso));
      const ends = iso.split("/").filter((end) => /^\d{4}(-\d\d){0,2}$/.test(end));
      if (ends.length === 2 && ends[0].length === ends[1].length) time.textContent = both(...ends, time.dataset.joined);
      else if (ends.length) time.textContent = ends.map((end) => form(end).format(new Date(end))).join(" – ");
    }
  };
  new MutationObserver(localize).observe(document.body, { childList: true, subtree: true });
  localize();
  return true;
})();
