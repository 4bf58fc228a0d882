"use strict";
// Asks the server for a newer page, and opens it with all that the reader had set.
(() => {
  const { version } = document.currentScript.dataset;
  const PAUSE = 2000, IDLE = 3000; // milliseconds
  const STATE = "watch";
  const isReport = Boolean(document.getElementById("record"));
  const reader = { acted: 0, isPaused: false };
  let isBehind = false;

  // What the reader had set

  const captioned = () => [...document.querySelectorAll("table")].filter((table) => table.tHead && table.caption);
  const inSection = (tag) => [...document.querySelectorAll(`section ${tag}`)].map((it) => [it.closest("section").id, it]);

  function sortOf(table) {
    const head = table.querySelector("th[aria-sort]");
    return head && [head.textContent, head.getAttribute("aria-sort")];
  }

  function figureState(name) {
    const place = document.getElementById(name);
    const axes = ["xaxis", "yaxis"].filter((axis) => place.layout[axis].autorange === false);
    return {
      ranges: Object.fromEntries(axes.map((axis) => [`${axis}.range`, place.layout[axis].range])),
      hidden: place.data.filter((trace) => trace.visible === "legendonly").map((trace) => trace.name),
    };
  }

  function top() {
    const above = [...document.querySelectorAll("section")].filter((it) => it.getBoundingClientRect().top <= innerHeight / 2);
    const last = above.at(-1) ?? document.body;
    return { section: last.id, offset: last.getBoundingClientRect().top };
  }

  function reportState() {
    return {
      kind: view.kind === kinds[0] ? undefined : view.kind,
      cost: view.cost,
      chosen: view.chosen === record.best ? undefined : view.chosen,
      most: document.getElementById("most-listed").value,
      filter: document.getElementById("filter").value,
      onlyFront: document.getElementById("only-front").checked,
      shown: every.shown,
      sorts: captioned().map((table) => [table.caption.textContent, sortOf(table)]).filter(([, sort]) => sort),
      open: inSection("details").map(([id, it]) => [id, it.open]),
      figures: [...drawn].map((name) => [name, figureState(name)]),
      focused: document.activeElement.id,
      top: top(),
    };
  }

  function restoreFigure(name, { ranges, hidden }) {
    const place = document.getElementById(name);
    if (!place) return;
    drawn.add(name);
    draw(name);
    if (Object.keys(ranges).length) Plotly.relayout(place, ranges);
    const traces = place.data.map((trace, i) => (hidden.includes(trace.name) ? i : -1)).filter((i) => i >= 0);
    if (traces.length) Plotly.restyle(place, { visible: "legendonly" }, traces);
  }

  function restore(state) {
    const { kind, cost, chosen } = state;
    document.getElementById("cost").value = cost;
    document.getElementById("filter").value = state.filter;
    document.getElementById("only-front").checked = state.onlyFront;
    every.shown = state.shown;
    switchTo({ cost, kind: kinds.includes(kind) ? kind : kinds[0] });
    limitTo(state.most);
    if (rowOf.has(chosen)) choose(rowOf.get(chosen));
    const sorts = new Map(state.sorts);
    for (const table of captioned()) {
      const [title, order] = sorts.get(table.caption.textContent) ?? [];
      const button = [...table.tHead.querySelectorAll("button")].find((it) => it.textContent === title);
      while (button && button.parentElement.getAttribute("aria-sort") !== order) button.click();
    }
    const open = new Map(state.open);
    for (const [id, it] of inSection("details")) it.open = open.get(id) ?? it.open;
    for (const [name, figure] of state.figures) restoreFigure(name, figure);
    document.getElementById(state.focused)?.focus({ preventScroll: true });
    const place = document.getElementById(state.top.section) ?? document.body;
    scrollBy(0, place.getBoundingClientRect().top - state.top.offset);
  }

  // How the reader is told

  const words = document.createElement("span");
  const button = document.createElement("button");
  const line = document.createElement("p");
  button.type = "button";
  line.className = "watched";
  words.setAttribute("role", "status");
  line.append(words, button);

  const since = `Live, as of ${new Date().toLocaleTimeString()}`;

  function tell() {
    words.textContent = isBehind ? "New results" : reader.isPaused ? "Paused" : since;
    button.textContent = isBehind ? "Show" : reader.isPaused ? "Resume" : "Pause";
    button.hidden = false;
  }

  function end() {
    words.textContent = "The command has ended. The last results are in report.html, in the folder of the run.";
    button.hidden = true;
  }

  function renew() {
    history.scrollRestoration = "manual";
    sessionStorage.setItem(STATE, JSON.stringify({ isPaused: reader.isPaused, report: isReport ? reportState() : null }));
    location.reload();
  }

  const isIdle = () => document.hidden || (Date.now() - reader.acted > IDLE && getSelection().isCollapsed && !document.querySelector(".hovertext"));

  async function ask(isWanted) {
    try {
      const { status } = await fetch(location.pathname, { headers: { "If-None-Match": `"${version}"` }, cache: "no-store" });
      isBehind = status === 200;
      tell();
      if (isBehind && (isWanted || (!reader.isPaused && isIdle()))) renew();
    } catch {
      end();
    }
  }

  async function keepAsking() {
    await ask(false);
    setTimeout(keepAsking, PAUSE);
  }

  button.addEventListener("click", () => {
    if (isBehind) return ask(true);
    reader.isPaused = !reader.isPaused;
    tell();
  });
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"]) {
    addEventListener(kind, () => (reader.acted = Date.now()), { capture: true, passive: true });
  }

  const saved = JSON.parse(sessionStorage.getItem(STATE) ?? "{}");
  sessionStorage.removeItem(STATE);
  reader.isPaused = saved.isPaused ?? false;
  document.body.append(line);
  tell();
  if (isReport && saved.report) restore(saved.report);
  setTimeout(keepAsking, PAUSE);
})();
