// A mark opens its source: by click, Enter or Space; Escape leads back to it. The panel shows the sources of the answer
// whose mark was used.
let used = null;
const open = (mark) => {
  const source = document.getElementById(mark.dataset.source);
  if (!source) return;
  used = mark;
  const group = source.closest(".dl-group");
  for (const other of document.querySelectorAll(".dl-group.dl-current")) other.classList.remove("dl-current");
  group.classList.add("dl-current");
  for (const other of document.querySelectorAll(".dl-source.dl-active")) other.classList.remove("dl-active");
  source.classList.add("dl-active");
  source.scrollIntoView({ block: "nearest" });
  source.focus({ preventScroll: true });
};
element.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-source]");
  if (mark) { event.preventDefault(); open(mark); }
});
element.addEventListener("keydown", (event) => {
  const mark = event.target.closest("[data-source]");
  if (mark && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); open(mark); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.closest(".dl-source")) return;
  const mark = used && document.querySelector(`[data-source="${used.dataset.source}"]`);
  if (mark) mark.focus();
});

// A further question is brought to the top, and so is its answer when it comes.
let seen = "";
new MutationObserver(() => {
  const turns = element.querySelectorAll(".dl-turn");
  const last = turns[turns.length - 1];
  const now = `${turns.length} ${Boolean(last && last.querySelector(".dl-pending"))}`;
  if (turns.length > 1 && now !== seen) last.scrollIntoView({ block: "start" });
  seen = now;
}).observe(element, { childList: true, subtree: true });
