"""The page of a claim, and the book of all: HTML that needs nothing else, from what verdict.json holds.

Two runs give the same page but for dates and seconds, which stand in elements of the class `when`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from runner.claims.rules import FAILS, HOLDS, OPEN
from runner.records.names import plural

MARKS = {HOLDS: "✓", FAILS: "✗", OPEN: "?"}
CLASSES = {HOLDS: "holds", FAILS: "fails", OPEN: "open"}
NOT_RUN = "not run"
STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --dim: #5f6670; --line: #d9dde2; --back: #fff; --soft: #f5f7f9;
  --holds: #17703a; --fails: #b3261e; --open: #8a5a00; --accent: #0b62a8; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --dim: #a2abb5; --line: #343a41; --back: #15181c;
  --soft: #1d2126; --holds: #6fd394; --fails: #ff9d94; --open: #f0c05a; --accent: #6cb2f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 24px 20px 60px; background: var(--back); color: var(--text);
  font: 17px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 25px; margin: 0 0 4px; } h2 { font-size: 21px; margin: 44px 0 4px; } h3 { font-size: 17px; }
a { color: var(--accent); }
p { margin: 8px 0; }
.dim { color: var(--dim); font-size: 15px; }
.verdict { display: inline-block; font-weight: 700; padding: 2px 12px; border: 2px solid; border-radius: 6px; }
.holds { color: var(--holds); } .fails { color: var(--fails); } .open { color: var(--open); }
figure { margin: 14px 0; } figure svg { width: 100%; height: auto; background: #fff; border-radius: 6px; }
figcaption { margin-top: 4px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15.5px; }
caption { text-align: left; color: var(--dim); }
.short { white-space: nowrap; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; font-size: 15.5px; }
dt { color: var(--dim); } dd { margin: 0; }
code { font: 13.5px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { font-size: 15.5px; margin: 8px 0; } summary { cursor: pointer; color: var(--accent); }
section { border-top: 1px solid var(--line); margin-top: 36px; }
td { overflow-wrap: break-word; }
@media (max-width: 560px) { body { padding: 16px 12px; font-size: 16px; } dl { grid-template-columns: 1fr; }
  table, caption, tbody, tr, td { display: block; } thead { display: none; } td { border: 0; padding: 0; }
  tr { border-bottom: 1px solid var(--line); padding: 6px 0; } td[data-h]::before { content: attr(data-h) ": ";
  color: var(--dim); } }
@media print { body { max-width: none; font-size: 12px; } section { break-before: page; } }
"""


def claim_page(record: Mapping[str, Any], figure: str) -> str:
    """The page of one claim."""
    return _page(f"Claim: {record['claim']}", claim_body(record, figure, "h1"))


def book(chapters: Sequence[tuple[Mapping[str, Any], str, str]], title: str) -> str:
    """All claims with contents by lecture: (record, figure, why it was not run) of each, in the lectures' order."""
    found = [f"<h1>{escape(title)}</h1>{_tally(chapters)}<nav>{_contents(chapters)}</nav>"]
    for record, figure, problem in chapters:
        body = claim_body(record, figure, "h2") if not problem else _not_run(record, problem)
        found.append(f'<section id="{escape(record["claim"])}">{body}</section>')
    return _page(title, "\n".join(found))


def claim_body(record: Mapping[str, Any], figure: str, head: str) -> str:
    """Claim, verdict, figure, numbers, and how it came about."""
    verdict = record["verdict"]
    held = verdict == HOLDS or not record["reason"]
    parts = [
        f"<{head}>{escape(record['says'])}</{head}>",
        f'<p class="dim">{escape(record["claim"])} · lectures {escape(record["lecture"])}{_coarse(record)}</p>',
        f'<p><span class="verdict {CLASSES[verdict]}">{MARKS[verdict]} {verdict}</span></p>',
        "" if held else f"<p>Likely reason: {escape(record['reason'])}</p>",
        f"<figure>{_named(figure, record['caption'])}<figcaption>{escape(record['caption'])}</figcaption></figure>",
        _numbers(record["findings"]),
        f"<p>{escape(record['explains'])}</p>" if record["explains"] else "",
        _background(record),
    ]
    return "".join(parts)


def published_text(record: Mapping[str, Any]) -> str:
    """The published figure, and whether ours compares with it."""
    said = str(record["published"]) or "no number"
    return said if record["comparable"] or not record["published"] else f"{said} (not comparable: direction only)"


def _numbers(findings: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(each['what'])}</td><td data-h='here'>{escape(each['text'])}</td>"
        f"<td{_head(each['rule'], 'has to be')}>{escape(each['rule'])}</td>"
        f'<td class="short {CLASSES.get(each["verdict"], "dim")}">{escape(each["verdict"] or "shown only")}</td></tr>'
        for each in findings
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("what", "here [95% interval]", "has to be", ""))
    return (
        '<div class="wide"><table><caption>What decides</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _background(record: Mapping[str, Any]) -> str:
    facts = {
        "source": record["source"],
        "published": published_text(record),
        "expected here": record["expected"],
        "runs": record["runs"],
        "command": f"<code>{escape(record['command'])}</code>",
    }
    cells = "".join(
        f"<dt>{name}</dt><dd>{text if name == 'command' else escape(text)}</dd>" for name, text in facts.items() if text
    )
    when = f"{record['date']}, {record['seconds']} s, runner {record['version']}"
    sweeps = "".join(f"<p><code>{escape(each)}</code></p>" for each in record["sweeps"].values())
    what = f"<details><summary>What it trains</summary>{sweeps}</details>" if sweeps else ""
    return f'<dl>{cells}<dt>when</dt><dd class="when">{escape(when)}</dd></dl>{what}'


def _coarse(record: Mapping[str, Any]) -> str:
    said = []
    if record["quick"]:
        said.append(f"coarse pass: {' '.join(record['coarse'])}")
    if record["changed"]:
        said.append(f"changed: {' '.join(record['changed'])}")
    return f" · {escape('; '.join(said))}" if said else ""


def _tally(chapters: Sequence[tuple[Mapping[str, Any], str, str]]) -> str:
    verdicts = [NOT_RUN if problem else record["verdict"] for record, _, problem in chapters]
    counts = [f"{each}: {verdicts.count(each)}" for each in (HOLDS, FAILS, OPEN, NOT_RUN) if each in verdicts]
    return f"<p>{plural(len(chapters), 'claim')}; {', '.join(counts)}.</p>"


def _contents(chapters: Sequence[tuple[Mapping[str, Any], str, str]]) -> str:
    """A table a lecture: line, claim, published figure, ours, verdict."""
    lectures: dict[str, list[str]] = {}
    for record, _, problem in chapters:
        verdict = NOT_RUN if problem else record["verdict"]
        first = next((f["text"] for f in record.get("findings", ()) if f["verdict"]), "")
        row = (
            f'<tr><td class="short">{_broken(record["lecture"])}</td><td><a href="#{escape(record["claim"])}">'
            f"{escape(record['says'])}</a></td><td data-h='published'>{escape(published_text(record))}</td>"
            f"<td{_head(first, 'here')}>{escape(first)}</td>"
            f'<td class="short {CLASSES.get(verdict, "dim")}">{MARKS.get(verdict, "")} {verdict}</td></tr>'
        )
        lectures.setdefault(record["lecture"].partition(":")[0], []).append(row)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("lines", "claim", "published", "here", "verdict"))
    return "".join(
        f"<h2>Lecture {escape(lecture)}</h2><div class='wide'><table><caption>{plural(len(rows), 'claim')}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        for lecture, rows in sorted(lectures.items())
    )


def _head(text: str, head: str) -> str:
    """What a cell is about, for narrow screens, which have no head of the table."""
    return f' data-h="{head}"' if text else ""


def _broken(lecture: str) -> str:
    """Places in the lectures, one a line."""
    return "<br>".join(map(escape, lecture.split(", ")))


def _not_run(record: Mapping[str, Any], problem: str) -> str:
    return (
        f"<h2>{escape(record['says'])}</h2><p class='dim'>{escape(record['claim'])} · lectures "
        f"{escape(record['lecture'])}</p><p class='open'>{NOT_RUN}: {escape(problem)}</p>"
    )


def _named(figure: str, caption: str) -> str:
    """The figure with a name for those who hear the page."""
    return figure.replace("<svg ", f'<svg role="img" aria-label="{escape(caption, quote=True)}" ', 1)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>{body}</main></body></html>\n"
    )
