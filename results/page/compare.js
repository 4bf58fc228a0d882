"use strict";
const { figures } = JSON.parse(document.getElementById("record").textContent);

function draw() {
  for (const [name, { data, layout }] of Object.entries(figures)) {
    const margin = { l: 10, r: 10, t: 30, b: 45 };
    const legend = { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" };
    Plotly.react(name, coloured(data), { ...theme(layout), margin, legend }, options);
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
onPrint(draw);
draw();
