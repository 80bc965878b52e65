"use strict";
// Draws each chart from the table of numbers below it, which stays for those who can't see the chart.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // By what a column is, so that the nulls look the same in every chart.
  const STYLES = {
    random: ["--c3", { dash: [2, 3] }],
    shuffled: ["--c2", { dash: [6, 4] }],
    "in sample": ["--c4", { dash: [6, 4] }],
  };
  const OWN = ["--c1", {}];
  const percent = (v) => (v === null || v === undefined ? "–" : v >= 1e-3 ? +(100 * v).toPrecision(2) + " %" : v.toExponential(0));
  const plain = (v) => (v === null || v === undefined ? "–" : String(+v.toPrecision(3)));

  const draw = (place) => {
    const table = document.getElementById(place.dataset.chart);
    if (!table) return;
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.toLowerCase());
    const rows = [...table.tBodies[0].rows];
    const logarithmic = place.dataset.scale === "log";
    const values = heads.map((_, column) => rows.map((row) => {
      const cell = row.cells[column];
      if (column === 0) return Number(cell.textContent);
      const value = Number(cell.dataset.value);
      return logarithmic && value < 1e-12 ? null : value;
    }));
    const text = place.dataset.unit === "%" ? percent : plain;
    place.hidden = false;
    const width = Math.max(240, place.clientWidth);
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--grid"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 }, font, labelFont: font, labelSize: 20 };
    place.replaceChildren();
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", "Chart: " + table.caption.textContent + ". The numbers are in the table that follows.");
    new uPlot({
      width,
      height: Math.max(230, Math.min(360, Math.round(width * 0.42))),
      scales: { x: { time: false }, y: logarithmic ? { distr: 3 } : { range: (u, low, high) => [0, 1.05 * Math.max(high, 1e-9)] } },
      series: [{ label: place.dataset.x }, ...heads.slice(1).map((label) => {
        const [name, extra] = STYLES[label] ?? OWN;
        return { label, stroke: colour(name), width: 2, value: (u, v) => text(v),
          points: { show: true, size: 5, fill: colour(name), stroke: colour(name) }, ...extra };
      })],
      axes: [{ ...axis, label: place.dataset.x, incrs: [1, 2, 5, 10, 20, 50, 100] }, { ...axis, size: 64, values: (u, ticks) => ticks.map((v) => (v === null ? "" : text(v))) }],
      cursor: { drag: { x: false, y: false } },
    }, values, place);
  };
  const drawAll = () => document.querySelectorAll(".chart").forEach(draw);

  drawAll();
  document.addEventListener("report", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) {
      width = innerWidth;
      requestAnimationFrame(drawAll);
    }
  });
})();
