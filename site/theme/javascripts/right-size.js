// Right-sizing: what wattboard.advice.pick does, on the same rows, and what the pick takes in a year. Pure; tested
// against it. Rows have model, wh, wh_low, wh_high, quality, quality_low, quality_high, seconds_per_query and
// latency_p95_seconds; all but the first two may be null.

const NEAR = 1e-9; // a bar is a difference of two decimals: what reaches it to nine places reaches it
export const DAYS = 365;

/** What a limit on latency is held against, in s: the 95th percentile where it is known, else the mean. */
export const latency = (row) => row.latency_p95_seconds ?? row.seconds_per_query ?? null;

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function inOrder(sign) {
  return (a, b) =>
    compare(a.wh, b.wh) ||
    compare(a.quality == null, b.quality == null) ||
    compare(-sign * (a.quality ?? 0), -sign * (b.quality ?? 0)) ||
    compare(a.model, b.model);
}

/** The row with the best quality, by its estimate; of equals the one with the lower energy. Null without any. */
export function best(rows, higherIsBetter) {
  const sign = higherIsBetter ? 1 : -1;
  const graded = rows.filter((row) => row.quality != null);
  graded.sort((a, b) => compare(-sign * a.quality, -sign * b.quality) || compare(a.wh, b.wh) || compare(a.model, b.model));
  return graded[0] ?? null;
}

/** The energy of b over that of a with its 95 % interval; null where either has none. */
export function ratio(a, b) {
  if ([a.wh_low, a.wh_high, b.wh_low, b.wh_high].some((end) => end == null)) return null;
  const [first, second] = [a, b].map((row) => [Math.log(row.wh), Math.log(row.wh_low), Math.log(row.wh_high)]);
  return difference(first, second).map(Math.exp);
}

/** b - a with its interval, of [value, low, high] each. */
function difference([a, aLow, aHigh], [b, bLow, bHigh]) {
  const gap = b - a;
  return [gap, gap - Math.hypot(b - bLow, aHigh - a), gap + Math.hypot(bHigh - b, a - aLow)];
}

/** Whether two energies cannot be told apart: the interval of their ratio holds 1. False without intervals. */
export function alike(a, b) {
  const told = ratio(a, b);
  return told !== null && told[1] <= 1 && 1 <= told[2];
}

/** The lowest energy of a board among what is good and fast enough. Equality is enough; estimates decide. */
export function pick(rows, { higherIsBetter, minQuality = null, within = null, maxLatency = null }) {
  if (minQuality !== null && within !== null) throw new RangeError("a quality is asked for once");
  const sign = higherIsBetter ? 1 : -1;
  const top = best(rows, higherIsBetter);
  const bar = within !== null && top ? top.quality - sign * within : minQuality;
  const asked = bar !== null || within !== null;
  const met = [];
  const passedOver = [];
  for (const row of [...rows].sort(inOrder(sign))) {
    const why = [];
    if (asked && row.quality == null) why.push("no-quality");
    else if (bar !== null && row.quality != null && sign * (row.quality - bar) < -NEAR) why.push("below-quality");
    const takes = latency(row);
    if (maxLatency !== null && takes === null) why.push("no-latency");
    else if (maxLatency !== null && takes > maxLatency) why.push("too-slow");
    if (why.length) passedOver.push([row.model, why]);
    else met.push(row);
  }
  const chosen = met[0] ?? null;
  return {
    model: chosen && chosen.model,
    alike: chosen ? met.slice(1).filter((row) => alike(chosen, row)).map((row) => row.model) : [],
    order_only: chosen !== null && (chosen.wh_low == null || chosen.wh_high == null),
    best: top && top.model,
    bar,
    met: met.map((row) => row.model),
    passed_over: Object.fromEntries(passedOver.sort((a, b) => compare(a[0], b[0]))),
  };
}

/** What some queries a day take in a year, in kWh, as [value, low, high]; the ends are null without an interval. */
export function yearly(row, queriesADay) {
  const scale = (queriesADay * DAYS) / 1e6; // Wh per 1,000 queries -> kWh
  return [row.wh, row.wh_low, row.wh_high].map((wh) => (wh == null ? null : wh * scale));
}

/** What b takes less than a in a year: kWh as [value, low, high], null where that cannot be said to be above 0. */
export function saving(a, b, queriesADay) {
  const told = ratio(a, b);
  if (told === null || told[2] >= 1) return null;
  return difference(yearly(b, queriesADay), yearly(a, queriesADay));
}

/** Money and kg CO2e of some kWh, at a tariff per kWh and a grid's grams per kWh. */
export const cost = (kwh, tariff) => kwh * tariff;
export const carbon = (kwh, grams) => (kwh * grams) / 1000;
