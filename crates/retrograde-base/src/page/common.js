"use strict";
// What all pages share: their theme, and what is remembered from page to page.
const root = document.documentElement;

// A page opened from a file may have no storage.
function kept(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`retrograde-${name}`, value);
    return localStorage.getItem(`retrograde-${name}`);
  } catch { return null; }
}

if (kept("theme")) root.dataset.theme = kept("theme");
document.getElementById("theme").addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  kept("theme", root.dataset.theme);
});
