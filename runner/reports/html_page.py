"""How a report's page looks, sorts and answers to a pointer or the keyboard: its style and script need no network."""

STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --dim: #5a616b; --line: #d9dde2; --back: #fff; --soft: #f5f7f9;
  --accent: #0b62a8; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --dim: #a3acb6; --line: #343a41; --back: #15181c;
  --soft: #1d2126; --accent: #6cb2f0; }
  .chart, .swatch, .readout span { filter: brightness(1.35); } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1560px; padding: 28px clamp(12px, 3vw, 36px) 60px; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 22px; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 15px; margin: 28px 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0; overflow-wrap: anywhere; max-width: 100ch; }
.dim, .tick, caption, figcaption { color: var(--dim); }
.answer { margin: 16px 0; padding: 12px 16px; border-left: 4px solid var(--accent); background: var(--soft);
  border-radius: 0 6px 6px 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 10px 0; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre, .command { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--soft); padding: 10px 14px; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 0; }
figcaption, caption { font-size: 13px; max-width: 100ch; }
caption { text-align: left; padding-bottom: 4px; max-width: none; }
caption span { display: block; position: sticky; left: 0; max-width: min(100ch, calc(100vw - 30px)); }
.wide { overflow-x: auto; background: linear-gradient(to right, var(--back) 30%, transparent) left / 40px 100%,
  linear-gradient(to left, var(--back) 30%, transparent) right / 40px 100%,
  linear-gradient(to right, #8886, transparent) left / 14px 100%,
  linear-gradient(to left, #8886, transparent) right / 14px 100%;
  background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 12px 24px; }
.charts:has(> :nth-child(3)) { grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); }
.plot { position: relative; max-width: 680px; }
.facets { display: flex; flex-wrap: wrap; gap: 10px 34px; }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--text); font-size: 12px; }
.chart .title { font-weight: 600; font-size: 13px; }
.chart .tick { fill: var(--dim); font-size: 11px; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--dim); stroke-width: 1; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.dashed { stroke-width: 1.4; stroke-dasharray: 5 3; opacity: .85; }
.dotted { stroke-width: 1.8; stroke-dasharray: 1.5 3; stroke-linecap: round; }
.band { opacity: .16; }
.kept { stroke: var(--text); stroke-width: 1.2; stroke-dasharray: 2 3; }
.cursor { stroke: var(--dim); stroke-width: 1; stroke-dasharray: 2 2; }
.readout { position: absolute; z-index: 2; top: 28px; pointer-events: none; padding: 4px 9px; font-size: 12.5px;
  background: var(--back); border: 1px solid var(--line); border-radius: 6px; box-shadow: 0 2px 8px #0003;
  font-variant-numeric: tabular-nums; max-width: 90%; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 4px 0 8px; padding: 0; list-style: none; }
.swatch { margin-right: 6px; vertical-align: -1px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 16px 24px; }
.pictures img, .picture { display: block; width: 100%; height: auto; max-width: 740px; border-radius: 6px;
  background: #fff; }
.pictures .across { grid-column: 1 / -1; }
.pictures .across img { max-width: 1040px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.settings th { position: sticky; top: 0; white-space: nowrap; padding: 0; border-bottom: 2px solid var(--line); }
.settings th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; width: 100%;
  padding: 3px 10px; text-align: inherit; cursor: pointer; white-space: nowrap; }
.settings th button::after { content: "\\2002"; color: var(--accent); }
.settings th[aria-sort=ascending] button::after { content: "\\25B4"; }
.settings th[aria-sort=descending] button::after { content: "\\25BE"; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.settings th, .settings td { text-align: right; }
.settings td { padding: 3px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.settings .words { text-align: left; }
.settings tbody tr:hover { background: var(--soft); }
.settings .lacks { color: var(--dim); }
.settings tr.first td { font-weight: 600; }
.strip { display: block; margin-left: auto; }
.strip circle { fill: var(--accent); opacity: .55; }
.strip .half { stroke: var(--dim); stroke-width: 1.5; }
.strip .mean { stroke: var(--text); stroke-width: 2; }
.strip path { fill: var(--dim); }
.heat caption { color: var(--text); font-weight: 600; }
.heat th { font-weight: 500; color: var(--dim); padding: 3px 10px; white-space: nowrap; }
.heat tbody th { text-align: right; }
.heat td { padding: 7px 12px; text-align: center; border: 2px solid var(--back); border-radius: 5px; min-width: 66px; }
.heat.dense th, .heat.dense td { padding: 3px; min-width: 0; font-size: 11.5px; border-width: 1px; }
.heat .none { color: var(--dim); background: var(--soft); font-size: 13px; }
.heat .best { outline: 3px solid #e08a00; outline-offset: -3px; font-weight: 700; }
input[type=search], .more { font: inherit; padding: 4px 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--back); color: var(--text); max-width: 100%; }
@media (max-width: 1150px) { .settings .extra { display: none; } }
@media (max-width: 560px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; } }
@media print { :root { --text: #000; --dim: #444; --line: #bbb; --back: #fff; --soft: #fff; }
  body { padding: 0; font-size: 11px; max-width: none; } .settings th { position: static; }
  .settings td, .settings th button { padding: 2px 5px; }
  input, .more, .settings .extra { display: none; } .wide { overflow: visible; background: none; }
  .charts, .pictures { grid-template-columns: 1fr 1fr; } h3, h2 { break-after: avoid; }
  figure, .plot, tr { break-inside: avoid; } label { display: none; }
  .heat td, .chart { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

SCRIPT = """
for (const table of document.querySelectorAll("table.settings")) {
  const body = table.tBodies[0], rest = table.parentNode.querySelector("template");
  const more = table.closest("section").querySelector(".more");
  const all = () => { body.append(rest.content); if (more) more.remove(); };
  if (more) more.onclick = all;
  const value = (row, i) => row.cells[i].dataset.v ?? row.cells[i].textContent;
  table.querySelectorAll("th").forEach((head, i) => head.firstChild.onclick = () => {
    all();
    const up = head.getAttribute("aria-sort") !== "ascending";
    table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].map(row => [value(row, i), row]);
    const number = rows.every(([v]) => v === "" || !isNaN(v));
    rows.sort(([a], [b]) => a === b ? 0 : a === "" ? 1 : b === "" ? -1 :
      (up ? 1 : -1) * (number ? a - b : a.localeCompare(b, undefined, {numeric: true})));
    body.append(...rows.map(([, row]) => row));
  });
  const search = table.closest("section").querySelector("input");
  if (search) search.oninput = () => {
    all();
    const words = search.value.toLowerCase().split(/\\s+/);
    for (const row of body.rows) row.hidden = !words.every(word => row.dataset.words.includes(word));
  };
}
for (const chart of document.querySelectorAll("svg.chart[data-across]")) {
  const lines = [...chart.querySelectorAll("polyline")].map(line => ({
    name: line.dataset.name, colour: line.getAttribute("stroke"),
    at: line.getAttribute("points").split(" ").map(p => p.split(",").map(Number)),
    is: line.dataset.v.split(" ").map(p => p.split(",")) }));
  const across = new Map(lines.flatMap(l => l.at.map((p, i) => [l.is[i][0], p[0]])));
  const places = [...across].sort((a, b) => a[1] - b[1]);
  const box = document.createElement("div"), inner = chart.querySelector("svg");
  const cursor = document.createElementNS(chart.namespaceURI, "line");
  box.className = "readout"; box.hidden = true; box.setAttribute("aria-live", "polite"); cursor.classList.add("cursor");
  let at = -1;
  const show = i => {
    if (!places.length) return;
    at = Math.max(0, Math.min(places.length - 1, i));
    const [x, px] = places[at], found = [];
    for (const line of lines) {
      const j = line.is.findIndex(p => p[0] === x);
      if (j >= 0) found.push([line.is[j][1], line]);
    }
    box.replaceChildren(`${chart.dataset.across} ${x}`, ...found.map(([v, line]) => {
      const row = document.createElement("div"), dot = document.createElement("span");
      dot.textContent = "\\u25CF "; dot.style.color = line.colour;
      row.append(dot, `${line.name}: ${v}`);
      return row;
    }));
    for (const [k, v] of Object.entries({x1: px, x2: px, y1: 0, y2: 300})) cursor.setAttribute(k, v);
    if (!cursor.parentNode) inner.append(cursor);
    box.hidden = false;
    const wide = chart.viewBox.baseVal.width, left = px / wide < .5;
    box.style.left = left ? `${100 * px / wide + 2}%` : "auto";
    box.style.right = left ? "auto" : `${102 - 100 * px / wide}%`;
  };
  const hide = () => { box.hidden = true; cursor.remove(); };
  chart.parentNode.append(box);
  chart.onpointermove = event => {
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse()).x;
    show(places.reduce((best, p, i) => Math.abs(p[1] - x) < Math.abs(places[best][1] - x) ? i : best, 0));
  };
  chart.onpointerleave = chart.onblur = hide;
  chart.onkeydown = event => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step) { event.preventDefault(); show(at + step); }
    if (event.key === "Escape") hide();
  };
}
"""
