"use strict";
// The figures; the front is drawn anew where the reader switches.

const REACH = 30; // pixels from a click to a point
const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

function hover(row) {
  const words = networks.text[row].split(" ");
  const lines = Array.from({ length: Math.ceil(words.length / 5) }, (_, i) => words.slice(5 * i, 5 * i + 5).join(" "));
  const accuracies = kinds.map((kind) => `${percent(networks.accuracy[kind][row])} ${kind}`).join(narrow() ? "<br>" : ", ");
  const name = networks.name[networks.key[row]];
  const cost = costText(view.cost, networks.costs[view.cost][row]);
  const rest = narrow() ? [] : [...lines, networks.key[row]]; // it is shown below
  return [`<b>${accuracies}</b>`, cost, ...(name ? [name] : []), ...rest].map((line) => line.startsWith("<b>") ? line : escaped(line)).join("<br>");
}

function rowsByRole() {
  const all = affordable();
  const front = figures.front.views[view.cost].front[view.kind].filter(isAffordable);
  const held = new Set(front);
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
  const traces = coloured(figures.front.data).map((styled) => {
    const role = styled.meta;
    if (!(role in rows)) {
      const near = shown[role].cost.map((cost, i) => i).filter((i) => shown[role].cost[i] <= view.most);
      const of = (values) => near.map((i) => values[i]);
      return { ...styled, x: of(shown[role].cost), y: of(shown[role].accuracy), text: of(shown[role].texts) };
    }
    const own = rows[role];
    return {
      ...styled,
      x: own.map((row) => networks.costs[view.cost][row]),
      y: own.map((row) => networks.accuracy[view.kind][row]),
      text: own.map(hover),
      customdata: own,
      ...(role === "front" && errors ? { error_y: { array: own.map((row) => record.confident * errors[row]), thickness: 1, width: 3, color: styled.line.color } } : {}),
    };
  });
  const peers = Object.values(shown.peers).filter((at) => at <= view.most); // keep their lines in sight
  const middle = networks.accuracy[view.kind][rowOf.get(record.best)];
  const held = { x: peers, y: peers.map(() => middle), mode: "markers", opacity: 0, showlegend: false, hoverinfo: "skip" };
  return [...traces, held].filter((trace) => trace.x.length);
}

// Costs that are lines: a name and where it is.
function costLines() {
  const { peers, budget } = figures.front.views[view.cost];
  const lines = Object.entries(peers).map(([name, at]) => [`${name}: ${costText(view.cost, at)}`, at]);
  if (budget !== null) lines.push([`budget ${costText(view.cost, budget)}`, budget]);
  return lines.filter(([, at]) => at <= view.most);
}

function frontLayout() {
  const layout = theme({});
  const words = { yref: "paper", y: 0.02, xanchor: "right", yanchor: "bottom", textangle: -90, showarrow: false, font: { size: 11, color: colour("muted") } };
  return {
    ...layout,
    xaxis: { ...layout.xaxis, type: "log", tickformat: "~s", title: { text: figures.front.views[view.cost].title } },
    yaxis: { ...layout.yaxis, tickformat: "~%", title: { text: `${view.kind} validation ${record.measure}` }, autorangeoptions: { clipmin: 0, clipmax: 1 } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: narrow() ? 11 : 13 } },
    hoverdistance: REACH,
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
    shapes: costLines().map(([, at]) => ({ type: "line", yref: "paper", y0: 0, y1: 1, x0: at, x1: at, line: { color: colour("muted"), dash: "dash", width: 1 } })),
    annotations: costLines().map(([text, at]) => ({ ...words, text: escaped(text), x: Math.log10(at) })),
  };
}

// Where a network is drawn in the window, pixels.
function pixelOf(place, cost, accuracy) {
  const box = place.querySelector(".nsewdrag").getBoundingClientRect();
  const { xaxis: { range: [left, right] }, yaxis: { range: [low, high] } } = place.layout;
  const [x, y] = [box.left + (box.width * (Math.log10(cost) - left)) / (right - left), box.bottom - (box.height * (accuracy - low)) / (high - low)];
  return { x, y, isInside: x >= box.left && x <= box.right && y >= box.top && y <= box.bottom };
}

// The point of a network that is drawn nearest to a click; undefined where none is in reach.
function nearest(place, { clientX, clientY }) {
  let [found, least] = [undefined, REACH];
  place.data.forEach(({ customdata = [], x, y, visible }, curveNumber) => {
    if (visible === "legendonly") return;
    customdata.forEach((row, pointNumber) => {
      const at = pixelOf(place, x[pointNumber], y[pointNumber]);
      const away = Math.hypot(at.x - clientX, at.y - clientY);
      if (away <= least) [found, least] = [{ curveNumber, pointNumber, row }, away];
    });
  });
  return found;
}

// Around the chosen network; no point of the figure, whose axes would follow it.
const ring = element("span", [], { class: "ring" });

function moveRing() {
  const place = document.getElementById("front");
  const row = rowOf.get(view.chosen);
  const cost = networks.costs[view.cost][row];
  ring.hidden = cost > view.most; // where all are, the figure has no axes
  if (ring.hidden) return;
  const { x, y, isInside } = pixelOf(place, cost, networks.accuracy[view.kind][row]);
  const around = place.getBoundingClientRect();
  ring.hidden = !isInside;
  Object.assign(ring.style, { left: `${x - around.left}px`, top: `${y - around.top}px` });
}

function drawFront() {
  const place = document.getElementById("front");
  drawn.add("front");
  Plotly.react(place, frontTraces(), frontLayout(), options);
  place.after(ring);
  for (const event of ["plotly_click", "plotly_afterplot"]) place.removeAllListeners(event);
  place.on("plotly_afterplot", moveRing);
  place.on("plotly_click", ({ event }) => {
    const point = nearest(place, event);
    if (!point) return;
    choose(point.row);
    Plotly.Fx.hover(place, [point]); // what Plotly takes for the nearest is often another one
  });
  moveRing();
}

function drawOther(name) {
  const { data, layout } = figures[name];
  Plotly.react(document.getElementById(name), coloured(data), theme(layout), options);
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
