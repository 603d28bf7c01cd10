// Light or dark for pages without the theme's own scripts: what the reader chose on other pages, else the system's.
{
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(`${new URL("../../..", location).pathname}.__palette`))?.color;
  } catch {
    // nothing is kept, or nothing may be read: the system decides
  }
  const dark = kept && kept.media !== "(prefers-color-scheme)" ? kept.scheme === "slate" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.dataset.mdColorScheme = dark ? "slate" : "default";
}
