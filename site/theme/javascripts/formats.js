// Numbers for people, digit for digit as wattboard.formats writes them; tested against it.

/** Write a number with so many decimals. A tie goes to the even digit, as in Python; toFixed would round it up. */
export function fixed(value, places) {
  const shown = value.toFixed(places);
  const [whole, rest] = Math.abs(value).toFixed(Math.min(places + 40, 100)).split(".");
  if (!/^50*$/.test(rest.slice(places))) return shown;
  const down = places ? `${whole}.${rest.slice(0, places)}` : whole;
  return /[02468]$/.test(down) ? (value < 0 ? `-${down}` : down) : shown;
}

const commas = (text) => text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

/** Three significant digits, never an exponent: 0.0164147 is 0.0164. */
export function significant(value, digits = 3) {
  if (value == null) return "-";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const exponent = +size.toExponential(digits - 1).split("e")[1];
  const places = digits - 1 - exponent;
  if (places >= 0) return commas(fixed(value, places));
  const step = 10 ** -places;
  const low = Math.floor(size / step);
  const over = size - low * step;
  const up = over > step / 2 || (over === step / 2 && low % 2 === 1);
  return commas(`${value < 0 ? "-" : ""}${(low + (up ? 1 : 0)) * step}`);
}

/** How far an interval reaches, from its upper end: ±6.2 %. Empty without one. */
export function plusMinus(value, high) {
  if (value == null || high == null) return "";
  const percent = 100 * (high / value - 1);
  return percent < 10 ? `±${fixed(percent, 1)} %` : `±${fixed(percent, 0)} %`;
}

export function quality(value, metric) {
  if (value == null) return "-";
  if (metric.unit === "%") return `${fixed(100 * value, 1)} %`;
  return fixed(value, 3) + (metric.unit ? ` ${metric.unit}` : "");
}

/** ±4.0 points where the interval is about even, else its two ends. */
export function qualitySpread(low, high, value, metric) {
  if (low == null || high == null || value == null) return "";
  const [scale, places] = metric.unit === "%" ? [100, 1] : [1, 3];
  const half = (high - low) / 2;
  if (Math.abs((high + low) / 2 - value) > half / 2) {
    return `${fixed(scale * low, places)} to ${fixed(scale * high, places)}`;
  }
  return `±${fixed(scale * half, places)}`;
}

/** A count of parameters: 17.4 M. */
export function count(value) {
  for (const [size, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= size) return `${significant(value / size)} ${letter}`;
  }
  return commas(String(value));
}

const MONTHS = "January February March April May June July August September October November December".split(" ");

/** 2026-11-20 is 20 November 2026. */
export function day(text) {
  const [year, month, date] = text.slice(0, 10).split("-");
  return `${+date} ${MONTHS[month - 1]} ${year}`;
}

/** A model's address, slashes kept. */
export const path = (text) => text.split("/").map(encodeURIComponent).join("/").replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const SAFE = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

/** Text that can be nothing but text in HTML. */
export const text = (value) => String(value).replace(/[&<>"']/g, (c) => SAFE[c]);
