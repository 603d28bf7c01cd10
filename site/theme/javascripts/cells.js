// The cells of a board's table, as table.j2 draws them; a test holds the two equal.

import { count, path, plusMinus, quality, qualitySpread, significant, text } from "./formats.js";

const none = '<span class="ws-none">none</span>';

/** The stars; the page has table.j2's marks. */
export function stars(row) {
  if (row.stars == null) return '<span class="ws-unrated">not rated</span>';
  const best = row.stars_at_best || row.stars;
  const label = `${row.stars} of 5 stars, ${row.status}${row.trust === "disputed" ? ", disputed" : ""}${best > row.stars ? `, ${best} at the better end of the interval` : ""}`;
  return `<span class="ws-stars ws-stars--${row.status}" role="img" aria-label="${label}"><svg width="90" height="18" viewBox="0 0 80 16" aria-hidden="true"><use href="#ws-${row.stars}${best}"/></svg></span>`;
}

export function state(row, board) {
  const disputed = row.trust === "disputed" ? '<span class="ws-tag ws-tag--disputed">disputed</span>' : "";
  if (row.stars == null) return disputed;
  const borderline = row.stars_at_best > row.stars && row.status !== "borderline";
  return `<span class="ws-tag">${board.demo ? "demo" : row.status}</span>${borderline ? '<span class="ws-tag">borderline</span>' : ""}${disputed}`;
}

export function energy(row, board) {
  if (row.wh == null) return `<span class="ws-energy" data-kind="${board.kind}"><span class="ws-none">no energy</span></span>`;
  const spread = row.wh_high == null ? "" : `<span class="ws-pm">${plusMinus(row.wh, row.wh_high)}</span> `;
  const estimated = board.kind === "estimated" ? '<span class="ws-est">estimated</span>' : "";
  return `<span class="ws-energy" data-kind="${board.kind}"><b>${significant(row.wh)}</b> <small>${spread}${estimated}</small></span>`;
}

export function graded(row, { metric }) {
  if (row.quality == null) return none;
  const spread = qualitySpread(row.quality_low, row.quality_high, row.quality, metric);
  return `<span class="ws-quality"><b>${quality(row.quality, metric)}</b> <small>${spread}</small></span>`;
}

export function bar(row, { scale: [low, high] }) {
  if (!row.wh) return "";
  const at = (value) => {
    const share = Math.min(Math.max(Math.log(value / low) / Math.log(high / low), 0), 1);
    return `${(Math.round(share * 1000) / 10).toFixed(1)}%`;
  };
  return `<i class="ws-bar" style="--a:${at(row.wh)};--l:${at(row.wh_low || row.wh)};--h:${at(row.wh_high || row.wh)}"></i>`;
}

/** A row of the table, as table.j2 draws it. */
export function tr(row, board, base) {
  const slash = row.model.indexOf("/");
  const [org, name] = [row.model.slice(0, slash), row.model.slice(slash + 1)].map(text);
  const reference = row.model === board.reference ? " · reference model" : "";
  const frontier = row.frontier ? ' · <b class="ws-frontier">frontier</b>' : "";
  const why = row.reason ? `<span class="ws-why">${text(board.reasons[row.reason])}</span>` : "";
  const below = !row.reason && !row.recommended ? '<span class="ws-why">below recommended</span>' : "";
  const speed = row.seconds_per_query ? significant(1 / row.seconds_per_query, 2) : "-";
  return `<tr role="row">
<td role="cell" class="ws-model"><a href="${base}models/${text(path(row.model))}/">${name}</a><span>${org}${reference}${frontier}</span></td>
<td role="cell" class="ws-cstars">${stars(row)}${state(row, board)}${why}</td>
<td role="cell" class="ws-num ws-cenergy" data-label="Wh / 1,000">${energy(row, board)}</td>
<td role="cell" class="ws-cscale">${bar(row, board)}</td>
<td role="cell" class="ws-num ws-cquality" data-label="${text(board.metric.name)}">${graded(row, board)}${below}</td>
<td role="cell" class="ws-num ws-cextra" data-label="queries/s">${speed}</td>
<td role="cell" class="ws-num ws-cextra" data-label="parameters">${count(row.parameters)}</td>
<td role="cell" class="ws-cextra ws-clicence" data-label="licence">${text(row.licence || "not stated")}</td>
<td role="cell" class="ws-num ws-cextra" data-label="measured">${text(row.measured_at)}</td>
<td role="cell" class="ws-cpick"><input type="checkbox" value="${text(row.model)}" aria-label="Compare ${text(row.model)}"></td>
</tr>
`;
}
