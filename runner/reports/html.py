"""A report as one page of HTML that needs nothing else: what was done, the answer, charts, pictures, a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from runner.errors import ConfigError
from runner.records.console import shown_path
from runner.records.names import short_keys
from runner.reports.about import about
from runner.reports.across import diagram, over_data_sets
from runner.reports.answer import answer, trouble
from runner.reports.heat import choose_keys, heat_map
from runner.reports.html_curves import over_epochs, over_key
from runner.reports.html_page import SCRIPT, STYLE
from runner.reports.html_table import table
from runner.reports.next_steps import next_commands, suggested_for
from runner.reports.over import Over, choose
from runner.reports.pictures import of_a_run, verdict
from runner.reports.report_text import heading
from runner.reports.searches import script
from runner.reports.searches.fresh import fresh_lines
from runner.reports.searches.page import search_part
from runner.reports.searches.pareto import front_part
from runner.reports.searches.words import search_lines
from runner.reports.sections import Section
from runner.reports.side_by_side import side_by_side

NAMED = 4  # keys in a title


def page(
    sections: Sequence[Section],
    title: str,
    heat: str | None = None,
    drawn: Sequence[Over | None] | None = None,
    *,
    first: Sequence[Over] = (),
    whole: Sequence[Section] | None = None,
    by: str | None = None,
    pareto: Sequence[str] = (),
) -> str:
    """The page. `heat` names keys; ConfigError if they vary in none of the sections, see `heat.choose_keys`. What is
    `drawn` of each section over a key is chosen by itself, if it is not given; `first` come charts of sections that a
    condition does not part. Where of each value of the key `by` only the best setting stands in the sections, `whole`
    are those with all settings. `pareto` names what the front is of, if not what a search went after.
    """
    whole = whole or sections
    drawn = choose(whole, None, by) if drawn is None else drawn
    maps = [heat_map(each, keys) if keys else "" for each, keys in zip(whole, _heat_keys(whole, heat, by), strict=True)]
    parts = [_section(*each, pareto) for each in zip(sections, maps, drawn, strict=True)]
    content = f"{_over_data_sets(sections)}{''.join(map(over_key, first))}{''.join(parts)}"
    style, code = (STYLE, SCRIPT) if "data-trials" not in content else (STYLE + script.STYLE, SCRIPT + script.SCRIPT)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n<body><main><h1>{escape(title)}</h1>\n"
        f"{content}</main><script>{code}</script></body></html>\n"
    )


def _over_data_sets(sections: Sequence[Section]) -> str:
    """What average ranks say, where the sections are of several data sets, with the critical-difference diagram."""
    ranks = over_data_sets(sections)
    if ranks is None:
        return ""
    caption = "Average rank over the data sets, the best on the left. A bar joins settings that are not told apart."
    return (
        f'<section><h2>Over several data sets</h2><p class="answer">{escape(ranks.text)}</p>'
        f"<figure>{diagram(ranks)}<figcaption>{caption}</figcaption></figure></section>\n"
    )


def _heat_keys(sections: Sequence[Section], heat: str | None, by: str | None) -> list[tuple[str, ...] | None]:
    keys: list[tuple[str, ...] | None] = []
    problems = []
    for section in sections:
        try:
            keys.append(choose_keys(section, heat, by))
        except ConfigError as error:
            keys.append(None)
            problems.append(error)
    if problems and len(problems) == len(sections):
        raise problems[0]
    return keys


def _section(section: Section, heat: str, over: Over | None, pareto: Sequence[str] = ()) -> str:
    """What was done, what came out, then what shows it, from the question to the details."""
    first, *rest = heading(section)
    said = answer(section)
    parts = [f"<h2>{escape(section.title)}</h2>" if section.title else "", _about(section)]
    parts += [f'<p class="dim">{escape(each.removeprefix(f"{section.title}: "))}</p>' for each in (first, *rest)]
    parts += [
        f'<p class="answer">{escape(each)}</p>'
        for each in filter(None, (verdict(section), said, *search_lines(section), *fresh_lines(section)))
    ]
    parts += [
        over_key(over) if over else "",
        over_epochs(section),
        search_part(section),
        front_part(section, pareto),
        heat,
        of_a_run(section),
        side_by_side(section, over),
        table(section),
        _lines("Diverged, failed, damaged, not ended", trouble(section)),
        _lines(f"Next{suggested_for(section)}", next_commands(section)),
    ]
    return f"<section>{''.join(parts)}</section>\n"


def _about(section: Section) -> str:
    parts = []
    for name, said in about(section):
        kind = ' class="command"' if name == "Command" else ""
        parts += [f"<dt>{name}</dt><dd{kind}>{escape(said)}</dd>"] if said else []
    return f"<dl>{''.join(parts)}</dl>"


def _lines(title: str, lines: Sequence[str]) -> str:
    return f"<h3>{title}</h3><pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def page_title(sections: Sequence[Section]) -> str:
    """What a page is about: data and keys that vary; of what has nothing that varies, its folder."""
    data = dict.fromkeys(s.settings[0].rows[0].setting("dataset") for s in sections if "dataset" not in s.varied)
    varied = dict.fromkeys(short_keys(section.varied)[key] for section in sections for key in section.varied)
    names = [*list(varied)[:NAMED], *(["..."] if len(varied) > NAMED else [])]
    if names:
        return f"{', '.join(data)}: {' x '.join(names)}" if data else " x ".join(names)
    folders = dict.fromkeys(shown_path(source.folder) for section in sections for source in section.sources)
    return ", ".join([*data, *folders])
