// <ws-board>: sorts and filters a board's table, which stands there as HTML with its first rows. The other rows come as
// JSON when somebody first touches a control. The address in the reader's browser is always that of the view.

import { tr } from "./cells.js";
import { load } from "./rows.js";

const FIRST = 100;
const MORE = 200;
const MOST_COMPARED = 5;
// Text as it is sorted: without case, and 9 before 10. No collator: a board may have ten thousand rows.
const natural = (text) => text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(9, "0"));

const by = (value, direction = 1) => ({ value, direction });
// What a column is sorted by, and which way first.
const KEYS = {
  energy: by((row) => row.wh),
  stars: by((row) => row.stars, -1),
  quality: by((row) => row.quality, -1),
  speed: by((row) => row.seconds_per_query && 1 / row.seconds_per_query, -1),
  size: by((row) => row.parameters),
  date: by((row) => row.measured_at, -1),
  licence: by((row) => row.licence?.toLowerCase()),
  model: by((row) => (row.named ??= natural(row.model))),
};
const ENDS = {
  energy: ["lowest energy first", "highest energy first"],
  stars: ["fewest stars first", "most stars first"],
  quality: ["lowest number first", "highest number first"],
  speed: ["slowest first", "fastest first"],
  size: ["smallest first", "largest first"],
  date: ["oldest first", "newest first"],
  licence: ["licence, from A", "licence, from Z"],
  model: ["name, from A", "name, from Z"],
};
const FILTERS = ["find", "org", "licence", "size", "stars"];

/** The rows that a view shows, in its order; `level` tells whether there is a recommended quality to hold. Pure. */
export function view(board, level, { all, sort, desc, find, org, licence, size, stars, frontier }) {
  const wanted = find.toLowerCase().split(/\s+/).filter(Boolean);
  const [low, high] = size ? size.split("-").map(Number) : [];
  const shown = board.rows.filter(
    (row) =>
      (all || row.recommended || !level) &&
      wanted.every((word) => row.find.includes(word)) &&
      (!org || row.model.startsWith(`${org}/`)) &&
      (!licence || row.licence === licence) &&
      (!size || (row.parameters >= low && (!high || row.parameters < high))) &&
      (!stars || (stars === "none" ? row.stars == null : row.stars >= +stars)) &&
      (!frontier || row.frontier),
  );
  const { value } = KEYS[sort];
  const sign = desc ? -1 : 1;
  return shown
    .map((row) => [value(row), row])
    .sort(([a, x], [b, y]) => {
      if (a == null || b == null) return (a == null) - (b == null) || x.place - y.place;
      const told = typeof a === "string" ? (a > b) - (a < b) : a - b;
      return sign * told || x.energyPlace - y.energyPlace;
    })
    .map(([, row]) => row);
}

class Board extends HTMLElement {
  connectedCallback() {
    if (this.table) return;
    this.table = this.querySelector("table");
    this.form = this.querySelector("form");
    if (!this.table || !this.form) return;
    this.status = this.querySelector(".ws-count");
    this.lift = this.querySelector("[data-all]");
    this.more = this.querySelector("[data-more]");
    this.chosen = new Set();
    this.better = 1;
    for (const th of this.table.querySelectorAll("th[data-sort]")) this.head(th);
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => this.changed(event.target));
    this.form.addEventListener("reset", () => setTimeout(() => this.show({ ...this.plain, all: this.now.all })));
    this.lift?.addEventListener("click", () => this.show({ ...this.now, all: !this.now.all }));
    this.more.addEventListener("click", () => this.append());
    const filters = this.querySelector("[data-filters]"); // on narrow screens they open by it
    const unfold = (open) => {
      this.form.classList.toggle("ws-tools--open", open);
      filters.setAttribute("aria-expanded", String(open));
    };
    filters.addEventListener("click", () => unfold(filters.getAttribute("aria-expanded") !== "true"));
    this.table.addEventListener("change", (event) => this.choose(event.target));
    const bar = this.querySelector("[data-compare]");
    bar.querySelector("button").addEventListener("click", () => {
      this.chosen.clear();
      for (const box of this.table.querySelectorAll(".ws-cpick input")) box.checked = false;
      this.compared();
    });
    for (const chart of document.querySelectorAll(".ws-chart[data-x]")) {
      const lead = () => import("./near.js").then((near) => near.lead(chart, () => this.rows(), this.dataset.base));
      chart.addEventListener("pointerenter", lead, { once: true });
    }
    for (const event of ["pointerenter", "focusin"]) this.addEventListener(event, () => this.rows(), { once: true });
    this.plain = { all: false, sort: "energy", desc: false, find: "", org: "", licence: "", size: "", stars: "", frontier: false };
    this.now = this.fromAddress();
    unfold(FILTERS.some((name) => name !== "find" && this.now[name]) || this.now.frontier);
    if (this.asked(this.now)) this.show(this.now);
    else this.say(this.table.querySelectorAll("tbody:not(.ws-rest) tr:not(.ws-group)").length);
  }

  head(th) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const { sort, desc } = this.now;
      const key = th.dataset.sort;
      this.show({ ...this.now, sort: key, desc: sort === key ? !(desc ?? this.first(key)) : null });
    });
  }

  /** Whether a column starts with its largest value. Where less is better, the best quality is the smallest. */
  first(key) {
    return KEYS[key].direction * (key === "quality" ? this.better : 1) < 0;
  }

  async rows() {
    this.loading ??= load(this.dataset.rows).catch((error) => {
      this.loading = null;
      throw error;
    });
    return this.loading.then((board) => {
      this.better = board.metric.higher_is_better ? 1 : -1;
      return board;
    }, () => null);
  }

  changed(control) {
    const next = { ...this.now };
    for (const name of FILTERS) next[name] = this.form.elements[name].value;
    next.frontier = this.form.elements.frontier.checked;
    if (control.name === "sort") Object.assign(next, { sort: control.value, desc: null });
    this.show(next);
  }

  async show(next) {
    this.now = next;
    if (!this.board) {
      this.status.textContent = "Loading the rows …";
      this.setAttribute("aria-busy", "true");
    }
    const board = await this.rows();
    this.removeAttribute("aria-busy");
    if (!board) {
      this.status.textContent = "The rows could not be loaded. Reload the page to try again.";
      return;
    }
    if (next !== this.now) return; // somebody has asked for another view meanwhile
    if (next.desc === null) next.desc = this.first(next.sort); // only the rows say which way is the better one
    this.found = view(board, "level" in this.dataset, next);
    this.board = board;
    const body = document.createElement("tbody");
    body.setAttribute("role", "rowgroup");
    for (const old of [...this.table.tBodies]) old.remove();
    this.table.append(body);
    this.body = body;
    this.drawn = 0;
    this.append(FIRST, false);
    for (const name of [...FILTERS, "sort"]) this.form.elements[name].value = next[name];
    this.form.elements.frontier.checked = next.frontier;
    for (const th of this.table.querySelectorAll("th[data-sort]")) {
      if (th.dataset.sort === next.sort) th.setAttribute("aria-sort", next.desc ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
    if (this.lift) {
      this.lift.textContent = next.all ? "only these" : "show all";
      this.lift.setAttribute("aria-pressed", String(next.all));
      this.lift.parentElement.classList.toggle("ws-chip--off", next.all);
    }
    this.querySelector("[data-order]").textContent = this.order(next);
    this.querySelector(".ws-pager")?.remove();
    this.toAddress(next);
  }

  order({ sort, desc }) {
    const words = ENDS[sort][desc ? 1 : 0];
    if (sort === "energy" && this.board.kind === "estimated") return words.replace("energy", "estimated energy");
    return sort === "quality" && desc === this.first("quality") ? "best quality first" : words;
  }

  append(many = MORE, focus = true) {
    if (!this.found) {
      this.show(this.now).then(() => this.append());
      return;
    }
    const some = this.found.slice(this.drawn, this.drawn + many);
    const first = this.drawn;
    this.body.insertAdjacentHTML("beforeend", some.map((row) => tr(row, this.board, this.dataset.base)).join(""));
    this.drawn += some.length;
    for (const box of this.chosen.size ? this.body.querySelectorAll(".ws-cpick input") : []) {
      box.checked = this.chosen.has(box.value);
    }
    if (!this.found.length) {
      this.body.innerHTML = '<tr role="row" class="ws-group"><td role="cell" colspan="10">No model meets all of this.</td></tr>';
    }
    this.say(this.drawn, this.found.length);
    // The button may go; the reader goes on at the first new row.
    if (focus && this.more.hidden) this.body.rows[first]?.querySelector("a").focus();
  }

  say(shown, found = null) {
    const total = +this.dataset.total;
    const met = found ?? +this.dataset.recommended;
    this.more.hidden = shown >= met;
    this.more.textContent = `Show ${Math.min(MORE, met - shown)} more`;
    const of = met === total ? "" : ` of ${total.toLocaleString("en")}`;
    this.status.textContent =
      shown < met
        ? `${shown.toLocaleString("en")} of ${met.toLocaleString("en")} models shown`
        : `${met.toLocaleString("en")}${of} ${total === 1 ? "model" : "models"} shown`;
  }

  choose(box) {
    if (!box.matches(".ws-cpick input")) return;
    if (box.checked && this.chosen.size >= MOST_COMPARED) box.checked = false;
    else if (box.checked) this.chosen.add(box.value);
    else this.chosen.delete(box.value);
    this.compared();
  }

  compared() {
    const bar = this.querySelector("[data-compare]");
    const names = [...this.chosen];
    bar.hidden = names.length === 0;
    const told = new URLSearchParams([["board", this.dataset.board], ...names.map((name) => ["model", name])]);
    const link = bar.querySelector("a");
    link.href = `${this.dataset.base}compare/?${told}`;
    link.classList.toggle("ws-button--off", names.length < 2);
    bar.querySelector("[role=status]").textContent =
      names.length < 2 ? "Choose one more to compare" : `${names.length} models chosen${names.length === MOST_COMPARED ? ", the most there can be" : ""}`;
  }

  asked(state) {
    return Object.keys(this.plain).some((name) => state[name] !== this.plain[name]);
  }

  fromAddress() {
    const told = new URLSearchParams(location.search);
    const state = { ...this.plain, all: told.has("all"), frontier: told.has("frontier") };
    for (const name of FILTERS) state[name] = told.get(name) ?? "";
    for (const name of FILTERS) this.offer(name, state[name]);
    if (Object.hasOwn(KEYS, told.get("sort"))) {
      state.sort = told.get("sort");
      state.desc = told.has("desc") ? told.get("desc") === "1" : null; // its first way, once the rows say which
    }
    if (!/^\d+-\d*$/.test(state.size)) state.size = "";
    if (!/^([2-5]|none)$/.test(state.stars)) state.stars = "";
    return state;
  }

  /** Let a menu offer what an address asks for, though it is not among the common ones. */
  offer(name, value) {
    const menu = this.form.elements[name];
    if (value && menu.options && name in { org: 1, licence: 1 } && ![...menu.options].some((one) => one.value === value)) {
      menu.add(new Option(value));
    }
  }

  toAddress(state) {
    const told = new URLSearchParams();
    if (state.all) told.set("all", "1");
    if (state.sort !== "energy" || state.desc) told.set("sort", state.sort);
    if (state.desc !== this.first(state.sort)) told.set("desc", state.desc ? "1" : "0");
    for (const name of FILTERS) if (state[name]) told.set(name, state[name]);
    if (state.frontier) told.set("frontier", "1");
    const query = told.toString();
    history.replaceState(history.state, "", `${location.pathname}${query && `?${query}`}${location.hash}`);
  }
}

customElements.define("ws-board", Board);
