"""How a report's page looks and sorts: its style and its script, which need no network."""

STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --dim: #5f6670; --line: #d9dde2; --back: #fff; --soft: #f5f7f9;
  --accent: #0b62a8; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --dim: #9aa3ad; --line: #343a41; --back: #15181c;
  --soft: #1d2126; --accent: #6cb2f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 28px 24px 60px; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 22px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 4px; }
h3 { font-size: 15px; margin: 28px 0 6px; }
h3 .dim { font-weight: 400; }
p { margin: 6px 0; }
.dim, .tick, caption { color: var(--dim); }
.answer { margin: 16px 0; padding: 12px 16px; border-left: 4px solid var(--accent); background: var(--soft);
  border-radius: 0 6px 6px 0; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--soft); padding: 10px 14px; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 12px 24px; }
.chart { width: 100%; max-width: 620px; height: auto; }
.chart text { fill: var(--text); font-size: 12px; }
.chart .title { font-weight: 600; font-size: 13px; }
.chart .tick { fill: var(--dim); font-size: 11px; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--dim); stroke-width: 1; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.dashed { stroke-width: 1.2; stroke-dasharray: 4 3; opacity: .8; }
.band { opacity: .16; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 4px 0 8px; padding: 0; list-style: none; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px;
  vertical-align: -1px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.settings th { position: sticky; top: 0; background: var(--back); cursor: pointer; white-space: nowrap;
  border-bottom: 2px solid var(--line); user-select: none; }
.settings th::after { content: "\\2002"; color: var(--accent); }
.settings th[data-up="1"]::after { content: "\\25B4"; }
.settings th[data-up="0"]::after { content: "\\25BE"; }
.settings th, .settings td { padding: 3px 10px; text-align: right; }
.settings .words { text-align: left; }
.settings td { border-bottom: 1px solid var(--line); white-space: nowrap; }
.settings tbody tr:hover { background: var(--soft); }
.settings .lacks { color: var(--dim); }
.settings tr.first td { font-weight: 600; }
.strip { display: block; }
.strip circle { fill: var(--accent); opacity: .55; }
.strip .half { stroke: var(--dim); stroke-width: 1.5; }
.strip .mean { stroke: var(--text); stroke-width: 2; }
.strip path { fill: var(--dim); }
.heat th { font-weight: 500; color: var(--dim); padding: 3px 10px; white-space: nowrap; }
.heat tbody th { text-align: right; }
.heat td { padding: 7px 12px; text-align: center; border: 2px solid var(--back); border-radius: 5px; min-width: 66px; }
.heat.dense th, .heat.dense td { padding: 3px 4px; min-width: 0; font-size: 12px; border-width: 1px; }
.heat .none { color: var(--dim); background: var(--soft); font-size: 13px; }
input[type=search] { font: inherit; padding: 4px 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--back); color: var(--text); width: 280px; max-width: 100%; }
@media print { .settings th { position: static; } input { display: none; } }
"""

SCRIPT = """
for (const table of document.querySelectorAll("table.settings")) {
  const body = table.tBodies[0];
  const value = (row, i) => row.cells[i].dataset.v ?? row.cells[i].textContent;
  table.querySelectorAll("th").forEach((head, i) => head.onclick = () => {
    const up = head.dataset.up !== "1";
    table.querySelectorAll("th").forEach(other => delete other.dataset.up);
    head.dataset.up = up ? "1" : "0";
    const rows = [...body.rows].map(row => [value(row, i), row]);
    const number = rows.every(([v]) => v === "" || !isNaN(v));
    rows.sort(([a], [b]) => a === b ? 0 : a === "" ? 1 : b === "" ? -1 :
      (up ? 1 : -1) * (number ? a - b : a.localeCompare(b, undefined, {numeric: true})));
    body.append(...rows.map(([, row]) => row));
  });
  const search = table.closest("section").querySelector("input");
  if (search) search.oninput = () => {
    const words = search.value.toLowerCase().split(/\\s+/);
    for (const row of body.rows) row.hidden = !words.every(word => row.dataset.words.includes(word));
  };
}
"""
