"""How the figures of a search look, and what they say where the pointer or the arrow keys are."""

STYLE = """
.cloud circle { fill: var(--accent); }
.cloud .pruned { fill: none; stroke: var(--dim); stroke-width: 1.2; }
.cloud .best { fill: #e08a00; stroke: var(--back); stroke-width: 1.5; }
.cloud.ground circle { fill: #fff; fill-opacity: 1; stroke: #000; stroke-width: .8; r: 2.6px; }
.cloud.ground .best { fill: #e08a00; r: 5.5px; }
.cloud .steps { stroke: #e08a00; }
.cloud .here { stroke: var(--text); stroke-width: 2; }
.bars rect { fill: var(--accent); }
.bars rect.chance { fill: var(--dim); opacity: .55; }
.bars line.half { stroke: var(--text); stroke-width: 1.4; }
.parallel { min-width: 640px; }
.parallel polyline { fill: none; stroke: var(--accent); stroke-width: 1.3; }
.parallel text { paint-order: stroke; stroke: var(--back); stroke-width: 4px; stroke-linejoin: round; }
.parallel .best { stroke: #e08a00; stroke-width: 3; }
.parallel .here { stroke: var(--text); stroke-width: 3; stroke-opacity: 1; }
.plot.full { max-width: none; }
[data-trials] .charts { grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
"""

SCRIPT = """
for (const chart of document.querySelectorAll("svg.cloud, svg.parallel")) {
  const words = JSON.parse(chart.closest("[data-trials]").dataset.trials);
  const marks = [...chart.querySelectorAll("[data-t]")], width = chart.viewBox.baseVal.width;
  const lines = chart.classList.contains("parallel");
  const at = marks.map(m => lines ? m.getAttribute("points").split(" ").map(p => p.split(",").map(Number)) :
    [+m.getAttribute("cx"), +m.getAttribute("cy")]);
  const order = [...marks.keys()].sort((a, b) => lines ? marks[a].dataset.t - marks[b].dataset.t : at[a][0] - at[b][0]);
  const box = document.createElement("div");
  box.className = "readout"; box.hidden = true; box.setAttribute("aria-live", "polite");
  chart.parentNode.append(box);
  let shown = -1;
  const hide = () => { box.hidden = true; if (shown >= 0) marks[shown].classList.remove("here"); shown = -1; };
  const show = (i, x) => {
    hide();
    if (i < 0) return;
    shown = i;
    marks[i].classList.add("here");
    box.replaceChildren(...words[marks[i].dataset.t].map(line => {
      const row = document.createElement("div");
      row.textContent = line;
      return row;
    }));
    box.hidden = false;
    box.style.left = x / width < .5 ? `${100 * x / width + 3}%` : "auto";
    box.style.right = x / width < .5 ? "auto" : `${103 - 100 * x / width}%`;
  };
  const height = (line, x) => {
    for (let i = 1; i < line.length; i++) if (line[i][0] >= x) {
      const [a, b] = line[i - 1], [c, d] = line[i];
      return b + (d - b) * Math.min(1, Math.max(0, (x - a) / (c - a)));
    }
    return line.at(-1)[1];
  };
  chart.onpointermove = event => {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
    const far = at.map(m => lines ? Math.abs(height(m, p.x) - p.y) : Math.hypot(m[0] - p.x, m[1] - p.y));
    const i = far.indexOf(Math.min(...far));
    show(far[i] < 40 ? i : -1, p.x);
  };
  chart.onpointerleave = chart.onblur = hide;
  chart.onkeydown = event => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step && marks.length) {
      event.preventDefault();
      const k = Math.max(0, Math.min(order.length - 1, order.indexOf(shown) + step)), i = order[k];
      show(i, lines ? width / 2 : at[i][0]);
    }
    if (event.key === "Escape") hide();
  };
}
"""
