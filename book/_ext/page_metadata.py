"""What search engines, feeds and messengers are told about a page.

Every page has a description, from its own first sentences. Addresses (the canonical one, the
sitemap, the picture of a shared link) are told only where BOOK_SITE_URL says where the site will
stand: a wrong one is worse than none.
"""

import os
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from words import say

CARD = "_static/card.png"
CARD_TEXT = "Executable PyTorch: every claim shown by a cell, every output compared"
ADDRESSED = re.compile(r'\s*<meta property="og:(?:url|image)[^>]*>')


def site_address() -> str:
    """Where the site will stand, with a slash at its end; "" where nobody has said it."""
    address = os.environ.get("BOOK_SITE_URL", "").strip()
    return address and address.rstrip("/") + "/"


def configure(app: Sphinx, config: Config) -> None:
    address = site_address()
    config.html_baseurl = config.ogp_site_url = address
    config.ogp_site_name = config.html_title
    config.ogp_image = address + CARD
    config.ogp_image_alt = CARD_TEXT
    config.ogp_social_cards = {"enable": False}  # they would be drawn by matplotlib
    config.ogp_custom_meta_tags = ['<meta name="twitter:card" content="summary_large_image" />']
    root = urlsplit(address).path or "/"
    config.notfound_urls_prefix = root
    config.notfound_context = {
        "title": say("Page not found"),
        "body": f"<h1>{say('Page not found')}</h1>\n<p>"
        + say(
            "There is no page at this address. {0}Search the book{2}, "
            "or begin at {1}its first page{2}."
        ).format(
            f'<a href="{root}search.html">', f'<a href="{root}{config.root_doc}.html">', "</a>"
        )
        + "</p>",
    }


def drop_unknown_addresses(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    if doctree is None:
        context["pageurl"] = None  # a page that no other site should lead to
    if not site_address():
        context["pageurl"] = None
        context["metatags"] = ADDRESSED.sub("", context.get("metatags", ""))


def front_door(app: Sphinx, exception: Exception | None) -> None:
    """The page at the root, which leads to the first one; and the sitemap."""
    if exception or app.builder.format != "html":
        return
    address, first = site_address(), app.builder.get_target_uri(app.config.root_doc)
    title = escape(app.config.html_title)
    canonical = f'<link rel="canonical" href="{address}{first}" />' if address else ""
    Path(app.outdir, "index.html").write_text(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8" />\n'
        f"<title>{title}</title>\n{canonical}\n"
        f'<meta http-equiv="refresh" content="0; url={first}" />\n</head>\n'
        f'<body><main><h1><a href="{first}">{title}</a></h1></main></body>\n'
        "</html>\n",
        encoding="utf-8",
    )
    if address:
        pages = sorted(app.builder.get_target_uri(name) for name in app.env.all_docs)
        entries = "".join(f"<url><loc>{escape(address + page)}</loc></url>\n" for page in pages)
        Path(app.outdir, "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n',
            encoding="utf-8",
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinxext.opengraph")
    app.setup_extension("notfound.extension")
    app.connect("config-inited", configure)
    app.connect("html-page-context", drop_unknown_addresses, priority=800)
    app.connect("build-finished", front_door)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
