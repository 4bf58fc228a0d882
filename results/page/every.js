"use strict";
// The table of all networks, to be filtered and sorted.

const every = { sign: 1, column: 0, shown: narrow() ? 10 : 50 }; // cards are long
const keyButton = (key) => element("button", key, { type: "button", class: "key", "data-key": key });

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

function everyHead() {
  const table = document.getElementById("every");
  table.tHead.replaceChildren(element("tr", everyColumns().map(([title]) => element("th", title, { scope: "col" }))));
  sortable(table, (column, sign) => { Object.assign(every, { column, sign }); everyRows(); });
  markSort(table, every.column, every.sign);
}

function everyFound() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const front = new Set(figures.front.views[view.cost].front[view.kind]);
  const onlyFront = document.getElementById("only-front").checked;
  const textOf = (row) => {
    const source = decode(networks.source, row);
    const words = [networks.key[row], source, source === "baseline" ? "hand-designed" : "", networks.name[networks.key[row]] ?? "", networks.text[row]];
    return words.join(" ").toLowerCase();
  };
  return affordable().filter((row) => (!onlyFront || front.has(row)) && words.every((word) => textOf(row).includes(word)));
}

function foundText(found) {
  const [some, all] = [found, count].map((number) => number.toLocaleString("en"));
  const first = found > every.shown ? `, the first ${every.shown} shown` : "";
  return found ? `${some} of ${all} networks${first}` : "nothing found";
}

function everyRows() {
  const columns = everyColumns();
  const found = everyFound();
  const valueOf = columns[every.column][1];
  found.sort((a, b) => every.sign * compare(valueOf(a), valueOf(b)));
  const rows = found.slice(0, every.shown).map((row) => element("tr", columns.map(([title, value, show]) => {
    const content = title === "key" ? keyButton(value(row)) : show ? show(value(row)) : String(value(row));
    return element("td", content, { "data-label": title, class: typeof value(row) === "number" ? "number" : content.length > record.long ? "long" : "" });
  }), { "data-key": networks.key[row], class: networks.key[row] === view.chosen ? "chosen" : "" }));
  document.getElementById("every").tBodies[0].replaceChildren(...rows);
  document.getElementById("found").textContent = foundText(found.length);
  document.getElementById("more").hidden = found.length <= every.shown;
}
