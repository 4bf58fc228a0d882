"use strict";
// How Plotly draws on our pages: in the colours of report.css.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const options = { displayModeBar: false, responsive: true };

const narrow = () => innerWidth < 640;

// On paper colours are light, whatever the screen has, and nothing is folded.
function onPrint(drawAll) {
  let folded = [];
  for (const [event, isPaper] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      document.documentElement.classList.toggle("paper", isPaper);
      if (isPaper) folded = [...document.querySelectorAll("details:not([open])")];
      for (const details of folded) details.open = isPaper;
      for (const place of document.querySelectorAll(".js-plotly-plot")) Plotly.purge(place); // which has another width
      drawAll();
    });
  }
}

// Traces in the colours that their `meta` names.
function coloured(data) {
  return data.map((trace) => {
    const hue = trace.meta ? colour(trace.meta) : undefined;
    return hue ? { ...trace, marker: { ...trace.marker, color: hue }, line: { ...trace.line, color: hue } } : trace;
  });
}

function theme(layout) {
  const [text, muted, line, ground] = ["text", "muted", "line", "ground"].map(colour);
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickfont: { color: muted }, automargin: true };
  const { template, ...own } = layout;
  return {
    ...own,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: text },
    margin: { l: 10, r: 10, t: 10, b: 10 },
    hoverlabel: { align: "left", bgcolor: ground, bordercolor: line, font: { color: text, size: 13 } },
    xaxis: { ...axis, tickangle: 0, ...(narrow() ? { nticks: 4 } : {}), ...own.xaxis },
    yaxis: { ...axis, ...own.yaxis },
  };
}
