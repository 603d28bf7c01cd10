// <ws-compare>: up to five models of one board side by side; the address carries the choice. A ratio is said only where
// the build claims it (METHOD section 7); else it is said which takes less, or that nobody can tell.

import { bar, energy, graded, stars, state } from "./cells.js";
import { count, path, quality, significant, text } from "./formats.js";
import { alike, latency, ratio } from "./right-size.js";
import { claims, load } from "./rows.js";

const MOST = 5;

/** Say how b's energy stands to a's. Pure. */
export function against(a, b, board) {
  const claim = board.claims?.[a.model]?.[b.model];
  if (claim) return claim;
  const told = ratio(a, b);
  if (told === null) return "no interval, so that nothing can be said";
  if (alike(a, b)) return "cannot be told apart: the interval of the ratio holds 1";
  return told[0] < 1 ? "less energy: the two are told apart" : "more energy: the two are told apart";
}

const LINES = [
  ["Stars", (row, board) => `${stars(row)} ${state(row, board)}${row.reason ? `<span class="ws-why">${text(board.reasons[row.reason])}</span>` : ""}`],
  ["Wh per 1,000 queries", (row, board) => energy(row, board)],
  ["Energy beside the first", (row, board, first) => text(row === first ? "the others are held to this" : row.wh && first.wh ? against(first, row, board) : "-")],
  ["On the board's scale", (row, board) => bar(row, board)],
  ["95 % interval, Wh", (row) => (row.wh_low == null ? "-" : `${significant(row.wh_low)} to ${significant(row.wh_high)}`)],
  ["J per query", (row) => (row.wh == null ? "-" : significant(row.wh * 3.6))],
  [null, (row, board) => graded(row, board)],
  ["95 % interval, quality", (row, { metric }) => (row.quality_low == null ? "-" : `${quality(row.quality_low, metric)} to ${quality(row.quality_high, metric)}`)],
  ["Recommended quality", (row, board) => (board.recommended_quality == null ? "-" : row.quality == null ? "-" : row.recommended ? "met" : "not met")],
  ["On the frontier", (row) => (row.frontier ? "yes" : "no")],
  ["Queries/s", (row) => (row.seconds_per_query ? significant(1 / row.seconds_per_query, 2) : "-")],
  ["Latency", (row) => (latency(row) == null ? "-" : `${significant(latency(row) * 1000)} ms${row.latency_p95_seconds == null ? ", mean" : ", 95th percentile"}`)],
  ["Parameters", (row) => count(row.parameters)],
  ["Licence", (row) => text(row.licence || "not stated")],
  ["Measured", (row) => text(row.measured_at)],
];

class Compare extends HTMLElement {
  async connectedCallback() {
    if (this.out) return;
    this.out = this.querySelector("[data-out]");
    this.board = this.querySelector("[name=board]");
    this.add = this.querySelector("[name=model]");
    this.status = this.querySelector("[role=status]");
    const told = new URLSearchParams(location.search);
    const asked = told.get("board");
    if ([...this.board.options].some((one) => one.value === asked)) this.board.value = asked;
    this.chosen = [...new Set(told.getAll("model"))].slice(0, MOST);
    this.board.addEventListener("change", () => {
      this.chosen = [];
      this.open();
    });
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(this.add.value.trim());
    });
    this.out.addEventListener("click", (event) => {
      const gone = event.target.closest("[data-drop]")?.dataset.drop;
      if (!gone) return;
      this.chosen = this.chosen.filter((name) => name !== gone);
      this.draw(`${gone} taken out`);
      this.add.focus();
    });
    await this.open();
  }

  async open() {
    const wanted = this.board.value;
    let told;
    try {
      const address = `${this.dataset.base}${this.board.selectedOptions[0].dataset.rows}`;
      const [rows, claimed] = await Promise.all([load(address), claims(address)]);
      told = Object.assign(rows, { claims: claimed });
    } catch {
      this.status.textContent = "The rows could not be loaded. Reload the page to try again.";
      return;
    }
    if (wanted !== this.board.value) return;
    this.told = told;
    const known = new Set(told.rows.map((row) => row.model));
    const lost = this.chosen.filter((name) => !known.has(name));
    this.chosen = this.chosen.filter((name) => known.has(name));
    const list = this.querySelector("datalist");
    list.replaceChildren(...told.rows.slice(0, 2000).map((row) => new Option(row.model)));
    if (!this.chosen.length) this.chosen = told.rows.filter((row) => row.frontier).slice(0, 3).map((row) => row.model);
    this.draw(lost.length ? `Not on this board: ${lost.join(", ")}` : "");
  }

  take(name) {
    const row = this.told?.rows.find((one) => one.model === name) ?? this.told?.rows.find((one) => one.model.endsWith(`/${name}`));
    if (!row) this.status.textContent = `There is no ${name || "such model"} on this board.`;
    else if (this.chosen.includes(row.model)) this.status.textContent = `${row.model} is there already.`;
    else if (this.chosen.length >= MOST) this.status.textContent = `${MOST} models are the most. Take one out first.`;
    else {
      this.chosen.push(row.model);
      this.add.value = "";
      this.draw(`${row.model} added`);
    }
  }

  draw(said) {
    const { told } = this;
    const rows = this.chosen.map((name) => told.rows.find((row) => row.model === name));
    const known = new URLSearchParams([["board", told.board], ...this.chosen.map((name) => ["model", name])]);
    history.replaceState(history.state, "", `${location.pathname}?${known}`);
    this.status.textContent = said;
    if (!rows.length) {
      this.out.innerHTML = "<p>Add two to five models.</p>";
      return;
    }
    const head = rows
      .map((row) => {
        const [org, name] = row.model.split(/\/(.*)/s).map(text);
        return `<th scope="col"><a href="${this.dataset.base}models/${text(path(row.model))}/">${name}</a><span>${org}</span><button type="button" class="ws-button ws-button--quiet" data-drop="${text(row.model)}" aria-label="Take ${text(row.model)} out">take out</button></th>`;
      })
      .join("");
    const lines = LINES.map(
      ([name, cell]) =>
        `<tr><th scope="row">${text(name ?? told.metric.name.replace(/^./, (c) => c.toUpperCase()))}</th>${rows.map((row) => `<td>${cell(row, told, rows[0])}</td>`).join("")}</tr>`,
    ).join("");
    this.out.innerHTML = `<p class="ws-over">${text(told.title)} · ${text(told.words)} · ${told.edition ? `edition ${text(told.edition)}` : "in no edition"}${told.kind === "estimated" ? " · energy is estimated" : ""}</p>
<div class="ws-tablewrap" tabindex="0" role="region" aria-label="Models side by side"><table class="ws-side" style="${this.edges()};min-width:${7 + 7 * rows.length}rem"><caption class="ws-hidden">${rows.length} models of ${text(told.title)} side by side</caption><thead><tr><td></td>${head}</tr></thead><tbody>${lines}</tbody></table></div>`;
  }

  edges() {
    return this.board.selectedOptions[0].dataset.edges;
  }
}

customElements.define("ws-compare", Compare);
