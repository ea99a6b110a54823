"""The words that the site itself brings, in the language of the book.

They stand in the code in English, inside `say(...)`. A translation lies beside those of the
chapters, as `locales/LANGUAGE/LC_MESSAGES/book.po`; where there is none, the English words stay.
The scripts get theirs as `words.js`, which only a translated book has.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import get_translation, init
from sphinx.transforms import SphinxTransform
from sphinx.util.i18n import CatalogRepository

CATALOG = "book"
SAID = re.compile(r'\bsay\(\s*"((?:[^"\\]|\\.)*)"')
say = get_translation(CATALOG)


class MarkParts(SphinxTransform):
    """Mark what the book's own words make special, before a translation replaces them.

    A quotation that begins in bold is a callout of that kind; a section called "Details ..." is
    folded. Afterwards their words may be in any language.
    """

    default_priority = 15  # sphinx.transforms.i18n.Locale comes at 20

    def apply(self, **options: Any) -> None:
        for quotation in self.document.findall(nodes.block_quote):
            first = quotation[0]
            words = [node for node in first.children if node.astext()]
            if isinstance(first, nodes.paragraph) and isinstance(words[0], nodes.strong):
                kind = nodes.make_id(words[0].astext())  # "Watch out." -> watch-out
                quotation["classes"] += ["callout", f"callout-{kind}"]
        for section in self.document.findall(nodes.section):
            title = section.next_node(nodes.title).astext()
            if section.parent is not self.document and re.match(r"Details\b", title):
                section["folded"] = True


def load_words(app: Sphinx, config: Config) -> None:
    """Make the translated words known, compiled from their text."""
    found = CatalogRepository(
        app.srcdir, config.locale_dirs, config.language, config.source_encoding
    )
    for catalog in found.catalogs:
        if catalog.domain == CATALOG:
            catalog.write_mo(config.language)
    folders = [str(Path(app.srcdir, folder)) for folder in config.locale_dirs]
    init(folders, config.language, CATALOG)


def translate_scripts(app: Sphinx) -> None:
    """Write the words that the scripts say, where another language has other ones."""
    if app.builder.format != "html":
        return
    scripts = Path(app.srcdir, "book", "_static").glob("*.js")
    english = {word for path in scripts for word in SAID.findall(path.read_text("utf-8"))}
    words = {word: str(say(word)) for word in sorted(english) if say(word) != word}
    if words:
        static = Path(app.outdir, "_static")
        static.mkdir(parents=True, exist_ok=True)
        text = f"globalThis.bookWords = {json.dumps(words, ensure_ascii=False)};\n"
        (static / "words.js").write_text(text, encoding="utf-8")
        app.add_js_file("words.js", defer="defer", priority=10)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(MarkParts)
    app.connect("config-inited", load_words)
    app.connect("builder-inited", translate_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
