"""Repairs of what the theme and pandas write, so that axe-core finds nothing on any page."""

import re
from pathlib import Path

from sphinx.application import Sphinx

REPAIRS = [
    # The sidebar is no landmark, so its logo and its search belong to none.
    (r'<div id="pst-primary-sidebar"(?! role)', r'\g<0> role="region" aria-label="The book"'),
    # The button says more than its label: who speaks the words that show would not reach it.
    (
        r'(<button class="btn search-button-field[^>]*?) title="[^"]*" aria-label="[^"]*"',
        r"\1",
    ),
    # The corner of a table is no heading.
    (r"<th></th>", "<td></td>"),
]


def repair(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        if "_static" not in page.parts:
            text = page.read_text(encoding="utf-8")
            for wrong, right in REPAIRS:
                text = re.sub(wrong, right, text)
            page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", repair)
    app.add_js_file("scroll-by-key.js", defer="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
