// A mark opens its source: by click, Enter or Space. The panel shows the sources of the answer whose mark was used.
const open = (mark) => {
  const source = document.getElementById(mark.dataset.source);
  if (!source) return;
  const group = source.closest(".dl-group");
  for (const other of document.querySelectorAll(".dl-group.dl-current")) other.classList.remove("dl-current");
  group.classList.add("dl-current");
  for (const other of document.querySelectorAll(".dl-source.dl-active")) other.classList.remove("dl-active");
  source.classList.add("dl-active");
  source.scrollIntoView({ block: "nearest" });
  const quote = source.querySelector("mark");
  const passage = source.querySelector(".dl-passage");
  if (quote && passage) passage.scrollTop = Math.max(0, quote.offsetTop - passage.offsetTop - 40);
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
