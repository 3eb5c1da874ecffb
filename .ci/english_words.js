// Collects the English words in a page of another language: in visible text, tooltips and accessibility labels. Each entry
// has the word, whether it is in code or in the page's title, and its surrounding text.
function english() {
  const found = [];
  const see = (text, isCode) => {
    for (const [word] of (text ?? "").matchAll(/[A-Za-z]{2,}/g)) found.push([word, isCode, text.trim().slice(0, 80)]);
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (/^(script|style|datalist|option)$/i.test(element.tagName) || !element.checkVisibility({ visibilityProperty: true })) continue;
    const isCode = element.closest("code, pre, samp, time") !== null;
    for (const child of element.childNodes) if (child.nodeType === Node.TEXT_NODE) see(child.textContent, isCode);
    for (const name of ["title", "aria-label", "placeholder", "alt"]) if (element.id !== "language") see(element.getAttribute(name), isCode);
  }
  see(document.title, "title");
  return found;
}
