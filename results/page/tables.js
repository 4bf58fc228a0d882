"use strict";
// Tables that a click on a heading sorts.

function element(tag, content, attributes = {}) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...[content].flat());
  return made;
}

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
    const { dataset, textContent } = row.cells[column];
    const number = Number(dataset.value ?? textContent.replaceAll(/[,%]/g, ""));
    return isNaN(number) ? textContent : number;
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => sign * compare(valueOf(a), valueOf(b))));
}

for (const table of document.querySelectorAll("table.sortable:not(#every)")) sortable(table, (column, sign) => sortRows(table, column, sign));
