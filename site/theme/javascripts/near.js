// On a chart of very many models most have no mark of their own. Under the pointer the nearest one gets it, with its
// name and its link; the rows come for it when the pointer does. By keyboard the table leads to each of them.

import { path } from "./formats.js";

const REACH = 10; // units of the chart
const LONGEST = 32; // letters of a name
const SVG = "http://www.w3.org/2000/svg";

/** The nearest of some spots ([x, y, row]) to a point; none further away than REACH. Pure. */
export function nearest(spots, x, y) {
  let found = null;
  let least = REACH ** 2;
  for (const spot of spots) {
    const far = (spot[0] - x) ** 2 + (spot[1] - y) ** 2;
    if (far <= least) [found, least] = [spot, far];
  }
  return found;
}

/** Where each row lies on a chart that tells its axes: values and places at both ends, energy as logarithms. Pure. */
export function spots(rows, { x, y }) {
  const at = (told) => {
    const [low, high, start, end] = told.split(" ").map(Number);
    return (value) => start + Math.min(Math.max((value - low) / (high - low), 0), 1) * (end - start);
  };
  const [across, down] = [at(x), at(y)];
  return rows.filter((row) => row.wh && row.quality != null).map((row) => [across(Math.log(row.wh)), down(row.quality), row]);
}

export function lead(chart, rows, base) {
  let placed = null;
  let shown = null;
  let within = false;
  const mark = document.createElementNS(SVG, "a");
  mark.setAttribute("class", "ws-mark ws-mark--near");
  mark.setAttribute("tabindex", "-1");
  mark.setAttribute("aria-hidden", "true");
  const [dot, name] = ["circle", "text"].map((one) => mark.appendChild(document.createElementNS(SVG, one)));
  dot.setAttribute("r", "6");
  name.setAttribute("class", "ws-name");
  const hide = () => {
    mark.remove();
    shown = null;
  };
  const show = async (event) => {
    within = true;
    if (event.type === "pointerdown" && mark.contains(event.target)) return; // a second touch goes where it points
    const [x, y, other] = [event.clientX, event.clientY, event.target.closest(".ws-mark:not(.ws-mark--near)")];
    placed ??= rows().then((board) => board && spots(board.rows, chart.dataset));
    const every = await placed;
    if (!every) placed = null; // the rows did not come: the next movement asks again
    const at = new DOMPoint(x, y).matrixTransform(chart.getScreenCTM().inverse());
    const found = other || !every ? null : nearest(every, at.x, at.y);
    if (!found || !within) hide();
    else if (found !== shown) {
      shown = found;
      const [left, top, row] = found;
      mark.setAttributeNS("http://www.w3.org/1999/xlink", "xlink:href", `${base}models/${path(row.model)}/`);
      dot.setAttribute("cx", left);
      dot.setAttribute("cy", top);
      const own = row.model.slice(row.model.indexOf("/") + 1);
      name.textContent = own.length > LONGEST ? `${own.slice(0, LONGEST - 1)}…` : own;
      const before = left > chart.viewBox.baseVal.width / 2;
      name.setAttribute("x", left + (before ? -11 : 11));
      name.setAttribute("y", top + 4.5);
      name.setAttribute("text-anchor", before ? "end" : "start");
      chart.append(mark);
    }
  };
  for (const type of ["pointermove", "pointerdown"]) chart.addEventListener(type, show);
  chart.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "mouse") return; // a finger leaves what it has touched
    within = false;
    hide();
  });
  chart.addEventListener("click", (event) => {
    // the nearest may lie beside the pointer
    if (shown && event.pointerType === "mouse" && !event.target.closest("a")) location.assign(mark.href.baseVal);
  });
}
