// <ws-right-size>: the form and the words around right-size.js, which does the choosing. Nothing leaves the browser.

import { bar, energy, graded, stars, state } from "./cells.js";
import { path, quality, significant, text } from "./formats.js";
import { alike, best, carbon, cost, DAYS, latency, pick, saving, yearly } from "./right-size.js";
import { claims, load } from "./rows.js";

const number = (field) => (field.value === "" || !(+field.value >= 0) ? null : +field.value);
const span = ([value, low, high], scale = 1) =>
  `${significant(value * scale)}${low == null ? "" : ` <small>(${significant(low * scale)} to ${significant(high * scale)})</small>`}`;

class RightSize extends HTMLElement {
  connectedCallback() {
    if (this.form) return;
    this.form = this.querySelector("form");
    this.out = this.querySelector("[data-out]");
    this.status = this.querySelector("[role=status]");
    this.fromAddress();
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => this.changed(event.target));
    this.open();
  }

  get field() {
    return this.form.elements;
  }

  fromAddress() {
    const told = new URLSearchParams(location.search);
    for (const [name, value] of told) {
      const field = this.field[name];
      if (!field) continue;
      if (field.options && ![...field.options].some((one) => one.value === value)) continue;
      field.value = value;
    }
    this.using = told.get("using");
    if (!told.has("grams")) this.grid();
  }

  grid() {
    const grams = this.field.country.selectedOptions[0].dataset.grams;
    if (grams) this.field.grams.value = grams;
  }

  changed(field) {
    if (field.name === "country") this.grid();
    if (field.name === "grams") this.field.country.value = "own";
    if (field.name === "using") this.using = field.value;
    if (field.name === "board") {
      this.using = null;
      this.field.level.value = "";
      this.open();
    } else this.draw();
  }

  async open() {
    const option = this.field.board.selectedOptions[0];
    try {
      const address = `${this.dataset.base}${option.dataset.rows}`;
      const [told, claimed] = await Promise.all([load(address), claims(address)]);
      told.claims = claimed;
      if (option !== this.field.board.selectedOptions[0]) return;
      this.told = told;
    } catch {
      this.status.textContent = "The rows could not be loaded. Reload the page to try again.";
      return;
    }
    this.rows = this.told.rows.filter((row) => row.left_out === null && row.wh != null);
    const { metric } = this.told;
    const top = best(this.rows, metric.higher_is_better);
    if (!this.rows.some((row) => row.model === this.using)) this.using = top?.model ?? this.rows[0]?.model ?? null;
    this.field.using.replaceChildren(...this.rows.map((row) => new Option(row.model, row.model, false, row.model === this.using)));
    for (const unit of this.querySelectorAll("[data-unit]")) unit.textContent = metric.unit === "%" ? "%" : metric.unit || metric.name;
    if (this.told.recommended_quality == null && this.field.bar.value === "recommended") this.field.bar.value = "none";
    this.draw();
  }

  /** What is asked for, as right-size.js takes it; a percentage is typed in per cent. */
  wish() {
    const { metric, recommended_quality: recommended } = this.told;
    const typed = number(this.field.level);
    const level = typed === null ? null : metric.unit === "%" ? typed / 100 : typed;
    const limit = number(this.field.latency);
    const bar = this.field.bar.value;
    return {
      higherIsBetter: metric.higher_is_better,
      minQuality: bar === "recommended" ? recommended : bar === "least" ? level : null,
      within: bar === "within" ? level : null,
      maxLatency: limit === null ? null : limit / 1000,
    };
  }

  draw() {
    if (!this.told) return;
    this.field.level.closest("label").hidden = !["least", "within"].includes(this.field.bar.value);
    const wish = this.wish();
    const found = pick(this.rows, wish);
    const by = (name) => this.rows.find((row) => row.model === name) ?? null;
    const chosen = by(found.model);
    this.toAddress();
    if (!chosen) {
      this.status.textContent = "No model meets this";
      this.out.innerHTML = `<p class="ws-big">No model of this board meets this.</p><p>${this.why(found)}</p>`;
      return;
    }
    this.status.textContent = `The pick: ${found.model}`;
    this.out.innerHTML = this.card(chosen, found) + this.year(chosen, by(this.using)) + this.assumptions();
  }

  card(row, found) {
    const { told } = this;
    const [org, name] = row.model.split(/\/(.*)/s).map(text);
    const bars = found.bar === null ? "" : `, of those with a ${text(told.metric.name)} of ${quality(found.bar, told.metric)} or ${told.metric.higher_is_better ? "better" : "lower"}`;
    const same = found.alike.length
      ? `<p>Its energy cannot be told apart from that of ${found.alike.slice(0, 3).map(text).join(", ")}${found.alike.length > 3 ? ` and ${found.alike.length - 3} more` : ""}.</p>`
      : found.order_only ? "<p>Its energy is a single value without an interval: how sure the order is cannot be said.</p>" : "";
    return `<section class="ws-card ws-answer"><p class="ws-over">Lowest ${told.kind === "estimated" ? "estimated " : ""}energy${bars}</p>
<p class="ws-answer__model"><a href="${this.dataset.base}models/${text(path(row.model))}/">${name}</a> <span>${org}</span></p>
<p class="ws-answer__stars">${stars(row)} ${state(row, told)}</p>
<div class="ws-answer__numbers"><p>${energy(row, told)}<span class="ws-unit">Wh per 1,000 queries</span></p><p>${graded(row, told)}<span class="ws-unit">${text(told.metric.name)}</span></p>${latency(row) == null ? "" : `<p><span class="ws-quality"><b>${significant(latency(row) * 1000)}</b></span><span class="ws-unit">ms a query${row.latency_p95_seconds == null ? ", mean" : ", 95th percentile"}</span></p>`}</div>
<div style="${this.field.board.selectedOptions[0].dataset.edges}">${bar(row, told)}</div>${same}<p class="ws-over">${this.why(found)}</p></section>`;
  }

  why(found) {
    const words = { "no-quality": "without a quality", "below-quality": "below that quality", "no-latency": "of unknown latency", "too-slow": "too slow" };
    const reasons = Object.values(found.passed_over);
    const said = Object.entries(words)
      .map(([name, told]) => [reasons.filter((why) => why.includes(name)).length, told])
      .filter(([n]) => n)
      .map(([n, told]) => `${n} ${told}`);
    const left = this.told.rows.length - this.rows.length;
    return `${found.met.length} of ${this.rows.length} ${this.rows.length === 1 ? "model meets" : "models meet"} this${said.length ? `; passed over: ${said.join(", ")}` : ""}${left ? `; not to be chosen: ${left} without a star` : ""}.`;
  }

  year(chosen, used) {
    const [queries, tariff, grams] = [number(this.field.queries) ?? 0, number(this.field.tariff), number(this.field.grams)];
    const money = (kwh) => (tariff === null ? "-" : `${significant(cost(kwh, tariff))} ${text(this.field.currency.value)}`);
    const mass = (kwh) => (grams === null ? "-" : `${significant(carbon(kwh, grams))} kg`);
    const line = (name, told) => `<tr><th scope="row">${name}</th><td>${span(told)}</td><td>${money(told[0])}</td><td>${mass(told[0])}</td></tr>`;
    const same = !used || used.model === chosen.model;
    const less = same ? null : saving(used, chosen, queries);
    const estimated = this.told.kind === "estimated" ? "estimated " : "";
    const lines = [line(`${text(chosen.model)}, the pick`, yearly(chosen, queries))];
    if (!same) lines.unshift(line(`${text(used.model)}, in use`, yearly(used, queries)));
    if (less) lines.push(`<tr class="ws-saved">${line("Saved", less).slice(4)}`);
    const said = same
      ? "The pick is the model in use: there is nothing to save by switching."
      : less
        ? this.claim(used, chosen)
        : chosen.wh >= used.wh && !alike(used, chosen)
          ? "The model in use takes less energy than the pick: what is asked for costs energy."
          : "The two energies cannot be told apart, so no saving is stated.";
    return `<section class="ws-year"><h2>In a year, at ${queries.toLocaleString("en")} queries a day</h2>
<div class="ws-tablewrap" tabindex="0" role="region" aria-label="In a year"><table class="ws-mini ws-numbers"><thead><tr><td></td><th scope="col">${estimated}kWh <small>(95 % interval)</small></th><th scope="col">money</th><th scope="col">CO2e</th></tr></thead><tbody>${lines.join("")}</tbody></table></div><p>${said}</p></section>`;
  }

  /** Say how the qualities stand; "not worse" only where the build claims it (METHOD section 7). */
  claim(used, chosen) {
    const { told } = this;
    const claimed = told.claims?.[used.model]?.[chosen.model];
    if (claimed) return text(claimed);
    if (used.quality == null || chosen.quality == null) return "The quality of the two is not known side by side: test the pick on your own data.";
    return `Their ${text(told.metric.name)}: ${quality(chosen.quality, told.metric)} for the pick, ${quality(used.quality, told.metric)} for the model in use. That the pick is not worse is not claimed: test it on your own data.`;
  }

  assumptions() {
    const { field } = this;
    const own = field.country.value === "own";
    const country = field.country.selectedOptions[0].textContent;
    return `<p class="ws-over">Assumed: ${DAYS} days of the same load; ${this.told.kind === "estimated" ? "the processor's estimated energy" : "the energy of the GPU boards"} alone, without the rest of the machine and its cooling; this board's machine and batch (${text(this.told.words)}); ${significant(number(field.tariff))} ${text(field.currency.value)} a kWh; ${own ? "your own figure of " : ""}${significant(number(field.grams))} g CO2e a kWh${own ? "" : ` (${text(country)}, 2023)`}. Neither money nor CO2e is in any star.</p>`;
  }

  toAddress() {
    const told = new URLSearchParams();
    for (const name of ["board", "bar", "level", "latency", "queries", "country", "grams", "tariff", "currency"]) {
      const { value } = this.field[name];
      if (value !== "" && value !== this.usual(name)) told.set(name, value);
    }
    if (this.using) told.set("using", this.using);
    history.replaceState(history.state, "", `${location.pathname}?${told}`);
  }

  /** What a field says where nobody has touched it. */
  usual(name) {
    if (name === "grams") return this.field.country.selectedOptions[0].dataset.grams;
    const field = this.field[name];
    if (field.options) return [...field.options].find((one) => one.defaultSelected)?.value;
    return field.defaultValue;
  }
}

customElements.define("ws-right-size", RightSize);
