"use strict";
// What a reader does.

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

const limits = document.querySelectorAll(".most");

// Each field holds the same limit; a text that cannot be read is none.
function limitTo(text) {
  const most = text.trim() ? costOf(view.cost, text) : Infinity;
  view.most = isNaN(most) ? Infinity : most;
  for (const input of limits) {
    if (input.value !== text) input.value = text;
    input.setAttribute("aria-invalid", isNaN(most));
  }
  drawFront();
  everyRows();
}

// The fields for a limit of this cost, empty.
function newLimits() {
  const costs = networks.costs[view.cost].toSorted((a, b) => a - b);
  const middle = costs[Math.floor(costs.length / 2)];
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 2 }).format(middle);
  view.most = Infinity;
  for (const input of limits) {
    input.value = "";
    input.placeholder = unitOf(view.cost) === "s" ? costText(view.cost, middle) : short.replace("K", "k").replace("B", "G");
    input.setAttribute("aria-invalid", false);
    input.nextElementSibling.textContent = unitOf(view.cost) === "s" ? "" : unitOf(view.cost);
  }
}

function switchTo(changes) {
  const isOtherCost = changes.cost !== undefined && changes.cost !== view.cost;
  Object.assign(view, changes);
  if (isOtherCost) newLimits();
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
  newLimits();
  let pending; // a figure of many networks is not drawn for each letter
  for (const input of limits) {
    input.addEventListener("input", () => {
      clearTimeout(pending);
      pending = setTimeout(() => limitTo(input.value), 250);
    });
  }
  for (const line of document.querySelectorAll("table.sortable tr[data-key]")) line.cells[0].replaceChildren(keyButton(line.dataset.key));
  document.addEventListener("click", ({ target }) => {
    if (target.matches(".copy")) copy(target);
    if (target.matches("#kinds button")) switchTo({ kind: target.value });
    if (target.matches("button.key")) {
      choose(rowOf.get(target.dataset.key));
      const panel = document.getElementById("network");
      panel.querySelector("h3").focus({ preventScroll: true }); // its commands are the next stop of the Tab key
      panel.scrollIntoView({ block: "start", behavior: calm.matches ? "instant" : "smooth" });
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
  if (narrow()) for (const details of document.querySelectorAll("#section-the-front details")) details.open = false; // of cards
  everyHead();
  everyRows();
  choose(rowOf.get(record.best));
  for (const place of document.querySelectorAll(".plot")) seen.observe(place);
}

start();
