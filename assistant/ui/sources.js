// Each passage of the shown sources is scrolled to its quote, by whole lines, with one line before it.
const align = () => {
  for (const passage of element.querySelectorAll(".dl-passage")) {
    const quote = passage.querySelector("mark");
    if (!quote || !passage.offsetParent) continue;
    const line = parseFloat(getComputedStyle(passage).lineHeight);
    const above = quote.getBoundingClientRect().top - passage.getBoundingClientRect().top + passage.scrollTop;
    passage.scrollTop = (Math.floor(above / line) - 1) * line;
  }
};
new MutationObserver((changes) => {
  const panel = element.closest("#dl-side");
  if (panel && changes.some((change) => change.type === "childList")) panel.scrollTop = 0;
  align();
}).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
