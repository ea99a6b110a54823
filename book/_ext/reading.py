"""What a page adds for a reader to what myst-nb draws of a notebook.

- Sections called "Details ..." are folded, in plain `<details>`: they open by a click, a key, a
  search inside the page, without JavaScript and on paper (`fold.js`, `print.css`).
- A line below the title says how long the chapter takes, and opens it in Colab in words.
- A cell has an address that stays, `#cell-` and the id that the notebook gives it.
- An output that is no table of numbers may wrap; a table's cells know the head of their column,
  for the cards that a phone shows; callouts say what they are.
- All buttons but the search and the colors share one menu.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from words import say

WORDS_A_MINUTE = 220
SECONDS_A_CELL = 12  # to read a few lines of code and what came out
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")
ALIGNED = re.compile(r"\S {2,}\S")


# ---- What a doctree holds ------------------------------------------------------------------


def cells(node: nodes.Node) -> Iterator[nodes.container]:
    """The code cells of a chapter."""
    yield from node.findall(
        lambda n: isinstance(n, nodes.container) and n.get("nb_element") == "cell_code"
    )


def stored_cells(app: Sphinx, docname: str) -> list[dict[str, Any]]:
    """The cells of the notebook that a page was made of; none for a page of prose."""
    path = Path(app.env.doc2path(docname))
    return json.loads(path.read_text("utf-8"))["cells"] if path.suffix == ".ipynb" else []


def is_in_solutions(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.section) and "solutions" in node["ids"]:
            return True
    return False


def minutes_of(doctree: nodes.document) -> int:
    """How long a chapter takes to read, without its solutions."""
    words = sum(
        len(text.astext().split())
        for text in doctree.findall(nodes.TextElement)
        if isinstance(text, nodes.paragraph | nodes.title) and not is_in_solutions(text)
    )
    read = [cell for cell in cells(doctree) if not is_in_solutions(cell)]
    shown = sum("tag_hide-input" not in cell["classes"] for cell in read)
    return max(1, round(words / WORDS_A_MINUTE + shown * SECONDS_A_CELL / 60))


def is_table_of_numbers(text: str) -> bool:
    """Columns that lose their sense when a line breaks: a printed tensor, a table."""
    lines = text.splitlines()
    rows = [line for line in lines if len(NUMBER.findall(line)) > 1 or ALIGNED.search(line)]
    return len(rows) > 1


# ---- What a page gains ---------------------------------------------------------------------


def note_minutes(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the reading time, which the landing page shows as well."""
    if next(cells(doctree), None):
        app.env.metadata[app.env.docname]["minutes"] = str(minutes_of(doctree))


def raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")


def colab_url(app: Sphinx, docname: str) -> str | None:
    """Where Colab opens the notebook of a page; None where no repository is known."""
    options = app.config.html_theme_options
    if "repository_url" not in options:
        return None
    repository = options["repository_url"].removeprefix("https://github.com/")
    branch = quote(options["repository_branch"])
    return (
        f"https://colab.research.google.com/github/{repository}/blob/{branch}/"
        f"{quote(docname)}.ipynb"
    )


def add_facts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """The line below the title."""
    minutes = app.env.metadata[docname].get("minutes")
    title = doctree.next_node(nodes.title)
    if minutes is None or title is None:
        return
    time = say("1 minute to read") if minutes == "1" else say("{0} minutes to read")
    parts = [f"<span>{escape(time.format(minutes))}</span>"]
    if url := colab_url(app, docname):
        parts.append(f'<a class="open-in-colab" href="{url}">{escape(say("Open in Colab"))}</a>')
    line = raw(f'<p class="chapter-facts">{" ".join(parts)}</p>\n')
    title.parent.insert(title.parent.index(title) + 1, line)


def address_cells(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give each cell its id, and a link to it that shows at the cell."""
    stored, label = stored_cells(app, docname), escape(say("Link to this cell"))
    for cell in cells(doctree):
        name = f"cell-{stored[cell['cell_index']]['id']}"
        cell["ids"].append(name)
        cell += raw(
            f'<a class="cell-link" href="#{name}" title="{label}" aria-label="{label}">#</a>\n'
        )


def mark_outputs(doctree: nodes.document) -> None:
    """Say which outputs may wrap where the window is narrow."""
    for cell in cells(doctree):
        for text in cell.findall(nodes.literal_block):
            if "output" in text["classes"] and not is_table_of_numbers(text.astext()):
                text["classes"].append("wraps")


def label_tables(doctree: nodes.document) -> None:
    """Give every entry of a table the head of its column."""
    for group in doctree.findall(nodes.tgroup):
        head, body = group.next_node(nodes.thead), group.next_node(nodes.tbody)
        if head is None or body is None:
            continue
        labels = [entry.astext() for entry in head[0]]
        for row in body:
            for label, entry in zip(labels, row, strict=False):
                entry["html"] = {"data-label": label}


def name_callouts(doctree: nodes.document) -> None:
    """A callout is a note, named by the bold words that it begins with."""
    for quotation in doctree.findall(nodes.block_quote):
        if "callout" in quotation["classes"]:
            name = quotation.next_node(nodes.strong).astext().rstrip(".:")
            quotation["html"] = {"role": "note", "aria-label": name}


def fold_details(doctree: nodes.document) -> None:
    """Fold the sections called "Details ..."; their titles stay visible, and in the contents."""
    for section in doctree.findall(nodes.section):
        if not section.get("folded"):
            continue
        place = section.index(section.next_node(nodes.title))
        section.insert(place + 1, raw("</summary>\n"))
        section.insert(place, raw('<details class="fold">\n<summary>\n'))
        section += raw("</details>\n")


def add_reading(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    label_tables(doctree)
    name_callouts(doctree)
    fold_details(doctree)
    if next(cells(doctree), None):
        address_cells(app, doctree, docname)
        mark_outputs(doctree)
        add_facts(app, doctree, docname)


def gather_buttons(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    """One menu, in words, for what a reader wants once: the notebook, the source, paper."""
    words = {
        "download-source-button": "Download the notebook",
        "download-notebook-button": "Download the notebook",
        "download-pdf-button": "Print, or save as PDF",
        "source-repository-button": "Repository",
        "repository-button": "Repository",
        "source-issues-button": "Report a problem",
        "issues-button": "Report a problem",
        "source-edit-button": "Suggest an edit",
    }
    found: list[dict[str, Any]] = []
    for button in context.get("header_buttons", []):
        found += button["buttons"] if button["type"] == "group" else [button]
    for button in found:
        text = words.get(button.get("label", ""), button.get("tooltip") or button["text"])
        if text == "Download the notebook" and not str(button["url"]).endswith(".ipynb"):
            text = "Download this page's source"
        button |= {"text": say(text), "tooltip": None}
    if found:
        context["header_buttons"] = [
            {
                "type": "group",
                "buttons": found,
                "icon": "fas fa-ellipsis",
                "tooltip": say("More about this page"),
                "label": "page-menu",
            }
        ]


def write_attributes(app: Sphinx, kind: type[nodes.Element]) -> None:
    """Let nodes of a kind carry attributes of HTML, in `node["html"]`, that docutils lacks."""
    name = kind.__name__

    def visit(translator: Any, node: nodes.Element) -> None:
        start = len(translator.body)
        getattr(type(translator), f"visit_{name}")(translator, node)
        attributes = "".join(
            f' {key}="{translator.attval(value)}"' for key, value in node.get("html", {}).items()
        )
        translator.body[start] = translator.body[start].replace(">", f"{attributes}>", 1)

    def depart(translator: Any, node: nodes.Element) -> None:
        getattr(type(translator), f"depart_{name}")(translator, node)

    app.add_node(kind, override=True, html=(visit, depart))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", note_minutes)
    app.connect("doctree-resolved", add_reading, priority=600)  # after the marks of callouts
    app.connect("html-page-context", gather_buttons, priority=503)  # after the last button
    for kind in (nodes.entry, nodes.block_quote):
        write_attributes(app, kind)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
