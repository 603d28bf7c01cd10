// Names what the theme leaves without one, for those who hear the page: the tools of each block of code.

addEventListener("load", () => {
  // The theme wraps tables of prose so that they scroll: by keyboard too.
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((one, i) => {
    let before = one;
    while (before && !/^H[1-6]$/.test(before.tagName)) before = before.previousElementSibling ?? before.parentElement;
    one.tabIndex = 0;
    one.setAttribute("role", "region");
    one.setAttribute("aria-label", `Table ${i + 1}: ${before?.firstChild?.textContent.trim() ?? "of this page"}`);
  });
  document.querySelectorAll(".md-code__nav").forEach((one, i) => one.setAttribute("aria-label", `Code ${i + 1}`));
});
