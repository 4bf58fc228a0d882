"use strict";
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

function commandsOf(key, tested) {
  return record.commands.flatMap(([label, before, after], place) => {
    const text = tested && !place ? `${label} (done: ${tested} on test images)` : label;
    return [element("p", text, { class: "note label" }), command(before + key + after)];
  });
}

function choose(row) {
  const key = networks.key[row];
  view.chosen = key;
  const [isOnFront, tested] = [record.pareto.includes(key), record.tested[key]];
  const facts = [
    ...kinds.map((kind) => [kind, percent(networks.accuracy[kind][row]) + margin(kind, row)]),
    ...Object.entries(networks.costs).map(([name, values]) => [spelled(name), costText(name, values[row])]),
    ...(tested ? [["retrained, test", tested]] : []),
    ["trial", `${networks.number[row]}, ${decode(networks.source, row)}`],
  ];
  const place = figures.front.views[view.cost].front[view.kind].includes(row) ? "On" : "Not on";
  const title = key === record.best ? "Recommended" : `${place} the front by ${spelled(view.cost)}, ${view.kind}`;
  document.getElementById("network").replaceChildren(
    element("h3", `${title}: ${networks.name[key] ?? key}`, { tabindex: -1 }),
    element("dl", facts.flatMap(([term, value]) => [element("dt", term), element("dd", value)])),
    drawing(row),
    ...(key in record.shares ? [element("p", "Percentages and shading: the share of the network's OPs.", { class: "note" })] : []),
    ...(isOnFront ? commandsOf(key, tested) : [element("p", `Not on the front by ${spelled(record.objective)} and ${kinds[0]} ${record.measure}: only its networks have shares of the OPs and commands here.`, { class: "note" })]),
  );
  for (const line of document.querySelectorAll("tr[data-key]")) line.classList.toggle("chosen", line.dataset.key === key);
  for (const line of document.querySelectorAll(".heat:not(.scale) tr")) {
    for (const cell of line.cells) cell.classList.toggle("chosen", record.pareto[cell.cellIndex - 1] === key);
  }
  if (drawn.has("front")) moveRing();
}
