"""What stands under which heading of a chapter: anchors, prose, stored outputs.

Why it exists: links between chapters and the concordance both name headings by anchor. Markdown is
parsed as the site parses it, so that a `#` in a code block is no heading and math is no emphasis.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin
from myst_parser.mdit_to_docutils.base import compute_unique_slug
from nbformat import NotebookNode

ANCHOR_LEVELS = 3  # `myst_heading_anchors` of the site: deeper headings cannot be linked to
SPOKEN = ("text", "code_inline")


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


def text_of(output: NotebookNode) -> str:
    """What a reader can read of one output: stream text, text representations, error."""
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    if output.output_type == "stream":
        return output.text
    return "\n".join(v for k, v in output.data.items() if k.startswith("text/"))


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
        for heading in SyntaxTreeNode(tokens).children:
            if heading.type != "heading" or not heading.map:
                continue
            for section in open_:
                section.prose += "\n".join(["", *lines[done : heading.map[0]]])
            done = heading.map[1]
            inline = heading.children[0]
            title = "".join(c.content for c in inline.children if c.type in SPOKEN)
            section = Section(int(heading.tag[1:]), title, index, heading.map[0])
            open_ = [s for s in open_ if s.level < section.level] + [section]
            name = compute_unique_slug(heading, ())
            seen[name] += 1
            if section.level <= ANCHOR_LEVELS:
                section.anchor = compute_unique_slug(heading, anchors)
                anchors.add(section.anchor)
            found[name if seen[name] == 1 else f"{name}-{seen[name] - 1}"] = section
        for section in open_:
            section.prose += "\n".join(["", *lines[done:]])
    return found
