// Names what the theme leaves without one, for those who hear the page: the tools of each block of code.

addEventListener("load", () => {
  document.querySelectorAll(".md-code__nav").forEach((one, i) => one.setAttribute("aria-label", `Code ${i + 1}`));
});
