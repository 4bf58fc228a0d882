"use strict";
const record = JSON.parse(document.getElementById("record").textContent);
const { networks, figures } = record;
const count = networks.key.length;
const rowOf = new Map(networks.key.map((key, row) => [key, row]));
const kinds = Object.keys(networks.accuracy);
const view = { kind: kinds[0], cost: record.objective, most: Infinity };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// Words and numbers

const decode = ({ values, codes }, row) => values[codes.length ? codes[row] : 0];
const percent = (share, digits = 2) => `${(100 * share).toFixed(digits)}%`;
const whole = new Intl.NumberFormat("en"); // toLocaleString makes one each time
const spelled = (name) => name.replaceAll("_", " ");
const unitOf = (name) => figures.front.views[name].unit;

function costText(name, value) {
  if (unitOf(name) !== "s") return `${whole.format(Math.round(value))} ${unitOf(name)}`;
  const [scale, short] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]].find(([s]) => value >= s) ?? [1e-9, "ns"];
  return `${Number((value / scale).toPrecision(3))} ${short}`;
}

// Such as 200k, 259,200, 1.5M OPs or 5 ms; NaN where it is no such text.
function costOf(name, text) {
  const isTime = unitOf(name) === "s";
  const scales = isTime ? { s: 1, ms: 1e-3, us: 1e-6, "µs": 1e-6, ns: 1e-9 } : { "": 1, k: 1e3, m: 1e6, g: 1e9 };
  const [, number, letters] = text.replaceAll(/[\s,]/g, "").toLowerCase().match(/^(\d*\.?\d+(?:e[+-]?\d+)?)(\D*)$/) ?? [];
  const unit = unitOf(name).toLowerCase();
  const scale = !isTime && letters?.endsWith(unit) ? letters.slice(0, -unit.length) : letters;
  return number * (scales[scale] ?? NaN);
}

const isAffordable = (row) => networks.costs[view.cost][row] <= view.most;
const affordable = () => networks.key.map((_, row) => row).filter(isAffordable);
