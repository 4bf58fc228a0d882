"use strict";
const { figures } = JSON.parse(document.getElementById("record").textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function draw() {
  const axis = { gridcolor: colour("line"), linecolor: colour("line"), tickfont: { color: colour("muted") }, automargin: true };
  for (const [name, { data, layout }] of Object.entries(figures)) {
    Plotly.react(name, data, {
      ...layout,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 13, color: colour("text") },
      margin: { l: 10, r: 10, t: 30, b: 45 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
    }, { displayModeBar: false, responsive: true });
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
