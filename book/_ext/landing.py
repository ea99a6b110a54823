"""What the first page shows of the book, taken from the chapters while the site is built.

Directives for prose pages, so that nothing is told twice and nothing is shown that is not there:

- `shown NN_name` with `:figure: 1`: a figure of a chapter with its caption, as a stepper where the
  cell is one, and a link to the cell. Where there is no such chapter or figure, nothing.
- `parts`: a card for each part of the table of contents that has chapters. The body gives, for
  a part's name, the sentence that it bears; the picture is the first figure of its chapters.
- `book-counts`: how many chapters, outputs, errors and exercises the book has.
- `begin`: "Start reading" leads to the first chapter, "Find an error" to the search.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from reading import cells, is_in_solutions
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from words import say

HEADING_OR_EXERCISE = re.compile(r"^(?:## |### |\*\*\d+\. ).*", re.MULTILINE)
MESSAGE = re.compile(r"\b[A-Z]\w*(?:Error|Exception): (.+)")


class from_the_book(nodes.Element):
    """A place on a page that is filled when all chapters have been read."""


# ---- What the book holds -------------------------------------------------------------------


@dataclass
class Part:
    name: str
    chapters: list[str]  # the pages made of notebooks, in order


def parts_of(env: BuildEnvironment) -> list[Part]:
    """The parts of the table of contents that have chapters."""
    trees = env.external_site_map.root.subtrees
    parts = [Part(tree.caption or "", [str(item) for item in tree.items]) for tree in trees]
    for part in parts:
        part.chapters = [
            name.removesuffix(".ipynb") for name in part.chapters if "minutes" in env.metadata[name]
        ]
    return [part for part in parts if part.chapters]


def chapters_of(env: BuildEnvironment) -> list[str]:
    return [chapter for part in parts_of(env) for chapter in part.chapters]


def figures(env: BuildEnvironment, docname: str) -> list[nodes.container]:
    """The cells of a chapter that show a figure, solutions left out."""
    doctree = env.get_doctree(docname)
    return [c for c in cells(doctree) if c.next_node(nodes.image) and not is_in_solutions(c)]


def count(notebook: dict[str, Any]) -> tuple[int, set[str], int]:
    """Of one notebook: outputs that the tests compare, messages of errors, exercises."""
    outputs, errors, exercises, heading = 0, set(), 0, ""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for line in HEADING_OR_EXERCISE.findall(source):
                heading = line if line.startswith("## ") else heading
                exercises += heading == "## Exercises" and not line.startswith("## ")
            continue
        tags = cell["metadata"].get("tags", [])
        if "nbval-ignore-output" not in tags:
            outputs += len(cell["outputs"])
        if heading in ("## Exercises", "## Solutions"):
            continue
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                errors.add(
                    output["evalue"].splitlines()[0] if output["evalue"] else output["ename"]
                )
            text = "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
            errors |= {message[:80] for message in MESSAGE.findall(text)}
    return outputs, errors, exercises


# ---- What a page shows of it ---------------------------------------------------------------


def raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")


def amount(number: int, one: str, many: str) -> str:
    """A number with its word, such as "{0} chapter" or "{0} chapters", in the book's language."""
    return say(one if number == 1 else many).format(f"{number:,}")


def is_mime_bundle(node: nodes.Node) -> bool:
    """Whether a node holds one output in several forms, of which a page shows one."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


class Filler:
    """Builds what one page shows, once all chapters are known."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app, self.env, self.docname = app, app.env, docname

    def address(self, docname: str) -> str:
        return self.app.builder.get_relative_uri(self.docname, docname)

    def title(self, docname: str) -> str:
        return escape(self.env.titles[docname].astext())

    def figure(self, chapter: str, number: int) -> Iterator[nodes.Node]:
        docname = f"notebooks/{chapter}"
        found = figures(self.env, docname) if docname in self.env.all_docs else []
        if len(found) < number:
            return
        cell = found[number - 1]
        output = next(c for c in cell.children if c.get("nb_element") == "cell_code_output")
        stored = json.loads(Path(self.env.doc2path(docname)).read_text("utf-8"))["cells"]
        anchor = f"cell-{stored[cell['cell_index']]['id']}"
        # A container of the same classes, so that it looks and works as in its chapter.
        copy = nodes.container(classes=[*cell["classes"], "docutils", "shown"])
        copy += output.deepcopy()
        for node in copy.findall(nodes.Element):
            node["ids"] = [f"shown-{name}" for name in node["ids"]]
        for bundle in list(copy.findall(is_mime_bundle)):
            kinds = [c for c in bundle if c.get("mime_type", "").startswith("image/")]
            bundle.children = kinds[:1] or bundle.children[:1]
        yield copy
        where = f'<a href="{self.address(docname)}#{anchor}">{self.title(docname)}</a>'
        told = escape(say("From {0}, where the code stands.")).format(where)
        yield raw(f'<p class="shown-from">{told}</p>\n')

    def parts(self, sentences: dict[str, str]) -> Iterator[nodes.Node]:
        yield raw('<div class="parts">\n')
        for part in parts_of(self.env):
            minutes = sum(int(self.env.metadata[c]["minutes"]) for c in part.chapters)
            yield raw('<section class="part">\n<div class="part-picture">\n')
            cell = next((c for name in part.chapters for c in figures(self.env, name)), None)
            if cell is not None:
                image = cell.next_node(nodes.image).deepcopy()
                image["alt"] = ""  # an ornament here
                image["classes"].append("photo" if "tag_photo" in cell["classes"] else "drawn")
                yield image
            links = "\n".join(
                f'<li><a href="{self.address(c)}">{self.title(c)}</a> '
                f"<span>{self.env.metadata[c]['minutes']} min</span></li>"
                for c in part.chapters
            )
            yield raw(
                f"</div>\n<h3>{escape(part.name)}</h3>\n<p>{escape(sentences.get(part.name, ''))}"
                f"</p>\n<ol>\n{links}\n</ol>\n"
                f'<p class="part-facts">{amount(len(part.chapters), "{0} chapter", "{0} chapters")}'
                f", {amount(minutes, '{0} minute', '{0} minutes')}</p>\n</section>\n"
            )
        yield raw("</div>\n")

    def counts(self) -> Iterator[nodes.Node]:
        chapters = chapters_of(self.env)
        notebooks = [json.loads(Path(self.env.doc2path(c)).read_text("utf-8")) for c in chapters]
        counted = [count(notebook) for notebook in notebooks]
        rows = [
            (len(chapters), "chapter", "chapters"),
            (sum(c[0] for c in counted), "output compared", "outputs compared"),
            (len(set().union(*(c[1] for c in counted))), "error reproduced", "errors reproduced"),
            (sum(c[2] for c in counted), "exercise with a check", "exercises with a check"),
        ]
        items = "\n".join(
            f"<li><strong>{number:,}</strong> {escape(say(one if number == 1 else many))}</li>"
            for number, one, many in rows
        )
        yield raw(f'<ul class="book-counts">\n{items}\n</ul>\n')

    def begin(self) -> Iterator[nodes.Node]:
        first = next(iter(chapters_of(self.env)), None)
        if first is None:
            return
        start, find, paste, wanted = (
            escape(say(words))
            for words in (
                "Start reading",
                "Find an error",
                "Paste an error message",
                "An error message, or what you look for",
            )
        )
        yield raw(
            f'<div class="landing-buttons">\n<a class="start" href="{self.address(first)}">'
            f'{start}</a>\n<form action="{self.address("search")}" method="get" role="search" '
            f'aria-label="{find}">\n<input type="search" name="q" required '
            f'aria-label="{wanted}" placeholder="{paste}" autocomplete="off" spellcheck="false">\n'
            f'<button type="submit">{find}</button>\n</form>\n</div>\n'
        )


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    filler = Filler(app, docname)
    for place in list(doctree.findall(from_the_book)):
        made = getattr(filler, place["what"])(*place["arguments"])
        place.replace_self(list(made) if app.builder.format == "html" else [])


# ---- The directives --------------------------------------------------------------------------


class Place(SphinxDirective):
    """A place that is filled later, always anew: it depends on all chapters."""

    what = ""

    def place(self, *arguments: Any) -> list[nodes.Node]:
        self.env.note_reread()
        return [from_the_book(what=self.what, arguments=arguments)]

    def run(self) -> list[nodes.Node]:
        return self.place()


class Shown(Place):
    what = "figure"
    required_arguments = 1
    option_spec = {"figure": directives.positive_int}  # noqa: RUF012 (docutils wants it so)

    def run(self) -> list[nodes.Node]:
        return self.place(self.arguments[0], self.options.get("figure", 1))


class Parts(Place):
    what = "parts"
    has_content = True

    def run(self) -> list[nodes.Node]:
        return self.place(yaml.safe_load("\n".join(self.content)) or {})


class Counts(Place):
    what = "counts"


class Begin(Place):
    what = "begin"


def add_style(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    if doctree is not None and pagename == app.config.root_doc:
        app.add_css_file("landing.css", priority=900)  # after the book's own


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(from_the_book)
    app.add_directive("shown", Shown)
    app.add_directive("parts", Parts)
    app.add_directive("book-counts", Counts)
    app.add_directive("begin", Begin)
    app.connect("doctree-resolved", fill, priority=400)
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
