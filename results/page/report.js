"use strict";
const record = JSON.parse(document.getElementById("record").textContent);
const { networks, figures } = record;
const count = networks.key.length;
const rowOf = new Map(networks.key.map((key, row) => [key, row]));
const kinds = Object.keys(networks.accuracy);
const view = { kind: kinds[0], cost: record.objective };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = () => innerWidth < 640;

// Words and numbers

const decode = ({ values, codes }, row) => values[codes.length ? codes[row] : 0];
const percent = (share, digits = 2) => `${(100 * share).toFixed(digits)}%`;
const spelled = (name) => name.replaceAll("_", " ");

function costText(name, value) {
  const { unit } = figures.front.views[name];
  if (unit !== "s") return `${Math.round(value).toLocaleString("en")} ${unit}`;
  const [scale, short] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]].find(([s]) => value >= s) ?? [1e-9, "ns"];
  return `${Number((value / scale).toPrecision(3))} ${short}`;
}

function element(tag, content, attributes = {}) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...[content].flat());
  return made;
}

// Figures

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

function hover(row) {
  const words = networks.text[row].split(" ");
  const lines = Array.from({ length: Math.ceil(words.length / 5) }, (_, i) => words.slice(5 * i, 5 * i + 5).join(" "));
  const accuracies = kinds.map((kind) => `${percent(networks.accuracy[kind][row])} ${kind}`).join(", ");
  const name = networks.name[networks.key[row]];
  const cost = costText(view.cost, networks.costs[view.cost][row]);
  return [`<b>${accuracies}</b>`, cost, ...(name ? [name] : []), ...lines, networks.key[row]].map((line) => line.startsWith("<b>") ? line : escaped(line)).join("<br>");
}

function rowsByRole() {
  const front = figures.front.views[view.cost].front[view.kind];
  const held = new Set(front);
  const all = networks.key.map((_, row) => row);
  const isHand = (row) => decode(networks.source, row) === "baseline";
  return {
    searched: all.filter((row) => !held.has(row) && !isHand(row)),
    front,
    hand: all.filter(isHand),
    best: all.filter((row) => networks.key[row] === record.best),
  };
}

function frontTraces() {
  const rows = rowsByRole();
  const shown = figures.front.views[view.cost];
  const errors = networks.errors[view.kind];
  const traces = figures.front.data.map((trace) => {
    const role = trace.meta;
    const hue = colour(role);
    const styled = { ...trace, marker: { ...trace.marker, color: hue }, line: { ...trace.line, color: hue } };
    if (!(role in rows)) return { ...styled, x: shown[role].cost, y: shown[role].accuracy, text: shown[role].texts };
    const own = rows[role];
    return {
      ...styled,
      x: own.map((row) => networks.costs[view.cost][row]),
      y: own.map((row) => networks.accuracy[view.kind][row]),
      text: own.map(hover),
      customdata: own,
      ...(role === "front" && errors ? { error_y: { array: own.map((row) => record.confident * errors[row]), thickness: 1, width: 3, color: hue } } : {}),
    };
  });
  const peers = Object.values(shown.peers); // keep their lines in sight
  const middle = networks.accuracy[view.kind][rows.best[0]];
  const held = { x: peers, y: peers.map(() => middle), mode: "markers", opacity: 0, showlegend: false, hoverinfo: "skip" };
  return [...traces, held].filter((trace) => trace.x.length);
}

function frontLayout(traces) {
  const shown = figures.front.views[view.cost];
  const lines = Object.entries(shown.peers).map(([name, at]) => [`${name}: ${costText(view.cost, at)}`, at]);
  if (shown.budget !== null) lines.push([`budget ${costText(view.cost, shown.budget)}`, shown.budget]);
  const layout = theme(figures.front.layout);
  layout.xaxis = { ...layout.xaxis, title: { text: shown.title }, tickangle: 0, ...(narrow() ? { nticks: 4 } : {}) };
  layout.yaxis = { ...layout.yaxis, title: { text: `${view.kind} ${record.measure}` }, autorangeoptions: { clipmin: 0, clipmax: 1 } };
  layout.legend = { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: narrow() ? 11 : 13 } };
  layout.shapes = lines.map(([, at]) => ({ type: "line", yref: "paper", y0: 0, y1: 1, x0: at, x1: at, line: { color: colour("muted"), dash: "dash", width: 1 } }));
  layout.annotations = lines.map(([text, at]) => ({ text: escaped(text), x: Math.log10(at), yref: "paper", y: 0.02, xanchor: "right", yanchor: "bottom", textangle: -90, showarrow: false, font: { size: 11, color: colour("muted") } }));
  return layout;
}

function drawFront() {
  const place = document.getElementById("front");
  const traces = frontTraces();
  Plotly.react(place, traces, frontLayout(traces), options);
  place.removeAllListeners?.("plotly_click");
  place.on("plotly_click", ({ points }) => points[0].customdata !== undefined && choose(points[0].customdata));
}

function drawOther(name) {
  const { data, layout } = figures[name];
  const coloured = data.map((trace) => {
    const hue = trace.meta ? colour(trace.meta) : undefined;
    return hue ? { ...trace, marker: { ...trace.marker, color: hue }, line: { ...trace.line, color: hue } } : trace;
  });
  Plotly.react(document.getElementById(name), coloured, theme(layout), options);
}

const draw = (name) => (name === "front" ? drawFront() : drawOther(name));
const drawn = new Set();
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || drawn.has(target.id)) continue;
    drawn.add(target.id);
    draw(target.id);
  }
}, { rootMargin: "400px" });

// One network

function drawing(row) {
  const shares = record.shares[networks.key[row]] ?? {};
  const boxes = networks.boxes.map((place) => decode(place, row)).filter(Boolean);
  const widest = Math.log2(Math.max(2, ...boxes.map(([, , width]) => width)));
  const items = boxes.map(([name, words, width, block, pool]) => {
    const share = shares[name];
    const box = element("div", [
      element("i", name || "network"),
      element("span", words.join(" · ")),
      ...(width ? [element("i", `${width} ch`)] : []),
      ...(share === undefined ? [] : [element("b", `${(100 * share).toFixed(1)}%`)]),
    ], { class: "box" });
    box.style.width = width ? `${70 + (30 * Math.log2(width)) / widest}%` : words.length ? "100%" : "70%";
    if (share !== undefined) box.style.setProperty("--share", `${100 * share}%`);
    if (block) box.style.setProperty("--hue", `var(--${block})`);
    return element("li", pool ? [box, element("div", `↓ ${pool} pooling`, { class: "pool" })] : box);
  });
  return element("ol", items, { class: "network" });
}

function command(text) {
  return element("div", [element("code", text), element("button", "Copy", { type: "button", class: "copy" })], { class: "command" });
}

function margin(kind, row) {
  const error = networks.errors[kind]?.[row];
  return error ? ` ± ${percent(record.confident * error)}` : "";
}

function choose(row) {
  const key = networks.key[row];
  view.chosen = key;
  const facts = [
    ...kinds.map((kind) => [kind, percent(networks.accuracy[kind][row]) + margin(kind, row)]),
    ...Object.entries(networks.costs).map(([name, values]) => [spelled(name), costText(name, values[row])]),
    ["trial", `${networks.number[row]}, ${decode(networks.source, row)}`],
  ];
  const place = figures.front.views[view.cost].front[view.kind].includes(row) ? "On" : "Not on";
  const title = key === record.best ? "Recommended" : `${place} the front by ${spelled(view.cost)}, ${view.kind}`;
  document.getElementById("network").replaceChildren(
    element("h3", `${title}: ${networks.name[key] ?? key}`),
    element("dl", facts.flatMap(([term, value]) => [element("dt", term), element("dd", value)])),
    drawing(row),
    ...(key in record.shares ? [element("p", "Percentages and shading: the share of the network's OPs.", { class: "note" })] : []),
    ...(record.pareto.includes(key) ? record.commands.flatMap(([label, before, after]) => [element("p", label, { class: "note label" }), command(before + key + after)]) : []),
  );
  for (const line of document.querySelectorAll("tr[data-key]")) line.classList.toggle("chosen", line.dataset.key === key);
}

// Tables

function sortable(table, sort) {
  for (const head of table.tHead.rows[0].cells) {
    const button = element("button", head.textContent, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      markSort(table, head.cellIndex, sign);
      sort(head.cellIndex, sign);
    });
  }
}

function markSort(table, column, sign) {
  for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  table.tHead.rows[0].cells[column].setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
}

const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

function sortRows(table, column, sign) {
  const valueOf = (row) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => sign * compare(valueOf(a), valueOf(b))));
}

const keyButton = (key) => element("button", key, { type: "button", class: "key" });

function everyColumns() {
  return [
    ["trial", (row) => networks.number[row]],
    ["key", (row) => networks.key[row]],
    ["source", (row) => networks.name[networks.key[row]] ?? decode(networks.source, row)],
    ...kinds.map((kind) => [kind, (row) => networks.accuracy[kind][row], (value) => percent(value)]),
    [spelled(view.cost), (row) => networks.costs[view.cost][row], (value) => costText(view.cost, value)],
    ["architecture", (row) => networks.text[row]],
  ];
}

const every = { sign: 1, column: 0, shown: 50 };

function everyHead() {
  const table = document.getElementById("every");
  table.tHead.replaceChildren(element("tr", everyColumns().map(([title]) => element("th", title, { scope: "col" }))));
  sortable(table, (column, sign) => { Object.assign(every, { column, sign }); everyRows(); });
  markSort(table, every.column, every.sign);
}

function everyRows() {
  const columns = everyColumns();
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const front = new Set(figures.front.views[view.cost].front[view.kind]);
  const onlyFront = document.getElementById("only-front").checked;
  const textOf = (row) => {
    const source = decode(networks.source, row);
    const words = [networks.key[row], source, source === "baseline" ? "hand-designed" : "", networks.name[networks.key[row]] ?? "", networks.text[row]];
    return words.join(" ").toLowerCase();
  };
  const found = networks.key.map((_, row) => row).filter((row) => (!onlyFront || front.has(row)) && words.every((word) => textOf(row).includes(word)));
  const valueOf = columns[every.column][1];
  found.sort((a, b) => every.sign * compare(valueOf(a), valueOf(b)));
  const rows = found.slice(0, every.shown).map((row) => element("tr", columns.map(([title, value, show]) => {
    const content = title === "key" ? keyButton(value(row)) : show ? show(value(row)) : String(value(row));
    return element("td", content, { "data-label": title, class: typeof value(row) === "number" ? "number" : content.length > record.long ? "long" : "" });
  }), { "data-key": networks.key[row] }));
  document.getElementById("every").tBodies[0].replaceChildren(...rows);
  document.getElementById("found").textContent = !found.length ? "nothing found" : `${found.length.toLocaleString("en")} of ${count.toLocaleString("en")} networks`;
  document.getElementById("more").hidden = found.length <= every.shown;
}

// What a reader does

async function copy(button) {
  const text = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function switchTo(changes) {
  Object.assign(view, changes);
  for (const button of document.querySelectorAll("#kinds button")) button.setAttribute("aria-pressed", button.value === view.kind);
  drawFront();
  everyHead();
  everyRows();
  choose(rowOf.get(view.chosen));
}

function start() {
  document.getElementById("kinds").append(...(kinds.length > 1 ? kinds : []).map((kind) => element("button", kind, { type: "button", value: kind, "aria-pressed": kind === view.kind })));
  const select = document.getElementById("cost");
  select.append(...Object.keys(figures.front.views).map((name) => element("option", spelled(name), { value: name })));
  select.addEventListener("change", () => switchTo({ cost: select.value }));
  for (const table of document.querySelectorAll("table.sortable")) sortable(table, (column, sign) => sortRows(table, column, sign));
  for (const line of document.querySelectorAll("table.sortable tr[data-key]")) line.cells[0].replaceChildren(keyButton(line.dataset.key));
  document.addEventListener("click", ({ target }) => {
    if (target.matches(".copy")) copy(target);
    if (target.matches("#kinds button")) switchTo({ kind: target.value });
    if (target.matches("button.key")) {
      choose(rowOf.get(target.textContent));
      document.getElementById("network").scrollIntoView({ block: "start", behavior: calm.matches ? "instant" : "smooth" });
    }
  });
  document.getElementById("filter").addEventListener("input", everyRows);
  document.getElementById("only-front").addEventListener("change", everyRows);
  document.getElementById("more").addEventListener("click", () => { every.shown += 200; everyRows(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
  onPrint(() => {
    for (const { id } of document.querySelectorAll(".plot")) drawn.add(id);
    drawn.forEach(draw);
  });
  everyHead();
  everyRows();
  choose(rowOf.get(record.best));
  for (const place of document.querySelectorAll(".plot")) seen.observe(place);
}

start();
