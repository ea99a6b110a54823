"""What stands under which heading of a chapter: anchors, prose, stored outputs.

Why it exists: links between chapters and the concordance both name headings by anchor. Markdown is
parsed as the site parses it, so that a `#` in a code block is no heading and math is no emphasis.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode

from tools.chapters import text_of

ANCHOR_LEVELS = 3  # `myst_heading_anchors` of the site: deeper headings cannot be linked to


@dataclass
class Section:
    """One heading and all that stands below it, its subsections included."""

    level: int
    title: str
    cell: int  # where the heading stands: index of the cell, line within the cell
    line: int
    anchor: str = ""  # what a link on the site says; empty where no link can lead
    prose: str = ""
    outputs: list[str] = field(default_factory=list)


@cache
def parse(text: str) -> list[Token]:
    """The Markdown tokens of one cell; treat them as read-only."""
    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).parse(text)


def squeeze(text: str) -> str:
    return " ".join(text.split())


def title_of(inline: Token) -> str:
    kinds = ("text", "code_inline")
    return "".join(c.content for c in inline.children or [] if c.type in kinds)


def slug(title: str) -> str:
    """The anchor that myst-parser gives a heading."""
    return re.sub(r"[^\w\u4e00-\u9fff\- ]", "", title.lower().replace(" ", "-"))


def site_anchor(name: str, taken: set[str]) -> str:
    """myst-parser's numbering of equal headings: details, details-1, details-1-2, ..."""
    number = 1
    while name in taken:
        name = f"{name}-{number}"
        number += 1
    return name


def sections(notebook: NotebookNode) -> dict[str, Section]:
    """Every section by its name in the concordance: details, details-1, details-2, ..."""
    found: dict[str, Section] = {}
    seen: Counter[str] = Counter()
    anchors: set[str] = set()
    open_: list[Section] = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            text = squeeze("\n".join(text_of(output) for output in cell.outputs))
            for section in open_:
                section.outputs.append(text)
            continue
        tokens, lines, done = parse(cell.source), cell.source.splitlines(), 0
        for opening, inline in pairwise(tokens):
            if opening.type != "heading_open" or opening.level or not opening.map:
                continue
            for section in open_:
                section.prose += "\n".join(["", *lines[done : opening.map[0]]])
            done = opening.map[1]
            title = title_of(inline)
            section = Section(int(opening.tag[1:]), title, index, opening.map[0])
            open_ = [s for s in open_ if s.level < section.level] + [section]
            name = slug(title)
            seen[name] += 1
            if section.level <= ANCHOR_LEVELS:
                section.anchor = site_anchor(name, anchors)
                anchors.add(section.anchor)
            found[name if seen[name] == 1 else f"{name}-{seen[name] - 1}"] = section
        for section in open_:
            section.prose += "\n".join(["", *lines[done:]])
    return found
