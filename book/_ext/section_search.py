"""The search of the site: one record a section, written for `search.js` to load on demand.

Sphinx's own search leads to pages, wants every word, and stems English. A reader of this book
pastes an error line, or half remembers a function, and wants the section that answers. So a
record holds a section's title, the titles above it, and its own prose, code and outputs without
the sections below, in the order of the page. MiniSearch ranks them in the browser.

A comment `<!-- also: other words -->` adds words that readers may use and the section does not.
"""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import toctree
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from words import say

LIBRARY = Path("node_modules", "minisearch", "dist", "umd", "index.js")
ALSO = re.compile(r"<!--\s*also:(.*?)-->", re.DOTALL)
IDENTIFIER = re.compile(r"[A-Za-z_]\w+")
SAYS_SOMETHING = re.compile(r"[A-Za-z]{3}")  # the numbers of a tensor find nothing
UNREAD = (toctree, nodes.comment, nodes.image, nodes.system_message)


def text_of(node: nodes.Node) -> str:
    """What a reader can read of a node, a line for each block."""
    if isinstance(node, (nodes.section, nodes.title, *UNREAD)):
        return ""
    if isinstance(node, nodes.raw):
        return re.sub(r"<!--.*?-->|<[^>]*>", "", node.astext(), flags=re.DOTALL).strip()
    if isinstance(node, nodes.container) and node.get("mime_type", "text/plain") != "text/plain":
        return ""  # the same output as a figure or a table
    if isinstance(node, nodes.literal_block) and "text_plain" in node["classes"]:
        return "\n".join(filter(SAYS_SOMETHING.search, node.astext().splitlines()))
    if isinstance(node, nodes.TextElement):
        return node.astext().strip()
    if isinstance(node, nodes.container) and "tag_hide-input" in node["classes"]:
        return text_of(node.children[-1])  # code that only draws teaches nothing
    return "\n".join(filter(None, map(text_of, node.children)))


def also_of(section: nodes.section) -> str:
    """The words of the section's `also:` comments."""
    found = []
    for child in section.children:
        if not isinstance(child, nodes.section):
            for comment in child.findall(lambda n: isinstance(n, nodes.raw | nodes.comment)):
                text = comment.astext()
                text = f"<!--{text}-->" if isinstance(comment, nodes.comment) else text
                found += [" ".join(words.split()) for words in ALSO.findall(text)]
    return " ".join(found)


def records(doctree: nodes.document, page: int, first: int) -> Iterator[list[Any]]:
    """[page, anchor, title, number of the section above or -1, text, other words], ..."""
    numbers: dict[nodes.Node, int] = {}
    for number, section in enumerate(doctree.findall(nodes.section), start=first):
        numbers[section] = number
        title = " ".join(section.next_node(nodes.title).astext().split())
        text = "\n".join(filter(None, map(text_of, section.children)))
        above = numbers.get(section.parent, -1)
        anchor = section["ids"][0] if above >= 0 else ""  # a chapter's title is its page
        yield [page, anchor, title, above, text, also_of(section)]


def words_with_two_cases(doctrees: list[nodes.document]) -> list[str]:
    """Names that the book writes as code in two ways, such as `Tensor` and `tensor`."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for doctree in doctrees:
        for literal in doctree.findall(nodes.literal):
            for word in IDENTIFIER.findall(literal.astext()):
                spellings[word.lower()].add(word)
    return sorted(word for word, ways in spellings.items() if len(ways) > 1)


def index_of(app: Sphinx) -> dict[str, Any]:
    """All that the search knows, pages in the order of their names."""
    names = sorted(name for name in app.env.all_docs if "nosearch" not in app.env.metadata[name])
    doctrees = [app.env.get_doctree(name) for name in names]
    sections: list[list[Any]] = []
    for page, doctree in enumerate(doctrees):
        sections += records(doctree, page, len(sections))
    pages = [app.builder.get_target_uri(name) for name in names]
    return {"pages": pages, "cased": words_with_two_cases(doctrees), "sections": sections}


def write_index(app: Sphinx, exception: Exception | None) -> None:
    """The index is a script, not data to be fetched: pages opened from a disk may load scripts."""
    if exception or app.builder.format != "html":
        return
    library = Path(app.srcdir, LIBRARY)
    if not library.is_file():
        raise ExtensionError(f"the search needs {LIBRARY}; run `npm ci` in {app.srcdir}")
    static = Path(app.outdir, "_static")
    text = re.sub(r"\n?//# sourceMappingURL=.*", "", library.read_text(encoding="utf-8"))
    (static / "minisearch.js").write_text(text, encoding="utf-8")
    shutil.copy2(library.parents[2] / "LICENSE.txt", static / "minisearch.LICENSE.txt")
    index = json.dumps(index_of(app), ensure_ascii=False, separators=(",", ":"))
    (static / "search-index.js").write_text(f"globalThis.bookIndex = {index};\n", encoding="utf-8")


def replace_search(app: Sphinx) -> None:
    """No index of Sphinx's own: it is half of the site's text once more."""
    if app.builder.format == "html":
        app.builder.search = False


def search_page(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    told = say(
        "Searching needs JavaScript. Without it, the contents at the side lead to every chapter, "
        "and your browser can find words in a page."
    )
    return [("search", {"title": say("Search"), "without_script": told}, "search.html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", replace_search)
    app.connect("html-collect-pages", search_page)
    app.connect("build-finished", write_index)
    app.add_css_file("search.css")
    app.add_js_file("search.js", defer="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
