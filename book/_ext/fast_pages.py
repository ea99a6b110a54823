"""Pages that a slow phone paints in two seconds, from a theme that was made for a desk.

- One stylesheet instead of nine, without the rules that no page of this book uses.
- The theme's icons as shapes in that stylesheet: the few that are used, instead of a font of
  thousands and a script of half a megabyte.
- Scripts wait until the page is there, and only those load that a page has a use for.
- Images say their size, so that nothing jumps, and load when a reader comes near.
- Without JavaScript the pages follow the system's choice of light or dark.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

import imagesize
from docutils import nodes
from sphinx.application import Sphinx

SHEET = "site.css"
# Scripts that some pages have no use for, and what the HTML of a page with a use for them has.
USES = {
    "clipboard.min.js": "<pre",
    "copybutton.js": "<pre",
    "design-tabs.js": "sd-tab-set",
    "startup.js": 'class="math',  # MathJax, and below its settings
    "stepper.js": "tag_stepper",
}
# Copy buttons stand in what is there when they are made: after the scripts that make figures.
LAST = ("clipboard.min.js", "copybutton.js")
# Sphinx's shortcuts and its marks of search words: the search of this site does without.
UNUSED = {"doctools.js", "sphinx_highlight.js"}
# Names that the theme's scripts put together from pieces.
MADE_BY_SCRIPTS = re.compile(r"(?:bs-)?(?:tooltip|popover|dropdown)")

DENSE = 150  # pixels an inch; what is drawn for a plain screen has about 100
IMAGE = re.compile(r"<img\b[^>]*>")
# A third of a page's elements would be names, marks and spaces of code, in the color of all code.
UNCOLORED = re.compile(r'<span class="[npw]">([^<]*)</span>')
LINK = re.compile(r'\s*<link\b[^>]*rel="stylesheet"[^>]*>')


# ---- Images and scripts, while a page is written ------------------------------------------


def size_of(path: Path) -> tuple[int, int]:
    """Width and height at which a picture is shown; (-1, -1) where they cannot be read.

    A figure with twice the pixels, for dense screens, says so by its density.
    """
    width, height = imagesize.get(path)
    dense = imagesize.getDPI(path)[0] > DENSE
    return (width // 2, height // 2) if dense else (width, height)


def add_image_sizes(app: Sphinx, body: str) -> str:
    """Images with their size, that load when they are needed."""
    sources = {name: source for source, name in app.builder.images.items()}

    def improve(match: re.Match[str]) -> str:
        tag = match[0]
        name = re.search(r'src="[^"]*?/([^"/]+)"', tag)
        source = sources.get(unquote(name[1])) if name else None
        width, height = size_of(Path(app.srcdir, source)) if source else (-1, -1)
        added = "" if "loading=" in tag else ' loading="lazy" decoding="async"'
        if width > 0 and not re.search(r"\b(?:width|height)=", tag):
            added += f' width="{width}" height="{height}"'
        return f"<img{added}{tag[4:]}"

    return IMAGE.sub(improve, body)


def name_of(script: Any) -> str:
    return PurePosixPath(script.filename or "").name


def is_needed(script: Any, body: str) -> bool:
    name = name_of(script)
    code = str(script.attributes.get("body", ""))
    if name in UNUSED or code.startswith("DOCUMENTATION_OPTIONS.pagename"):
        return False
    if code.startswith("window.MathJax"):
        name = "startup.js"
    return USES.get(name, "") in body


def waiting(script: Any) -> Any:
    """The same script, run when the page is there, in its turn."""
    priority = 900 if name_of(script) in LAST else script.priority
    attributes = script.attributes | {"defer": "defer"}
    return type(script)(script.filename, priority=priority, **attributes)


def lighten(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    body = UNCOLORED.sub(r"\1", add_image_sizes(app, context.get("body", "")))
    context["body"] = body
    context["metatags"] = re.sub(
        r'<meta name="viewport"[^>]*>', "", context.get("metatags", "")
    )  # the theme says it, too
    context["script_files"] = [
        waiting(script) if script.filename else script
        for script in context["script_files"]
        if is_needed(script, body)
    ]


# ---- The stylesheet, when all pages are written --------------------------------------------


def rules(css: str) -> Iterator[tuple[str, str]]:
    """The rules of a stylesheet as (selector or @rule, what stands in its braces)."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    token = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|url\([^)"\']*\)|[{};]', re.DOTALL)
    depth = start = opened = 0
    for found in token.finditer(css):
        if found[0] == "{":
            depth += 1
            opened = opened if depth > 1 else found.end()
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                yield css[start : opened - 1].strip(), css[opened : found.start()].strip()
                start = found.end()
        elif found[0] == ";" and depth == 0:  # @charset, @import
            start = found.end()


def selectors(text: str) -> list[str]:
    """A list of selectors, cut at the commas outside of brackets."""
    return [part.strip() for part in re.split(r",(?![^(\[]*[)\]])", text)]


def rewrite(css: str, change: Callable[[str], str | None]) -> str:
    """A stylesheet with every selector changed, or left out where `change` says None."""
    kept = []
    for head, body in rules(css):
        if head.startswith(("@media", "@supports", "@layer", "@container")):
            inner = rewrite(body, change)
            kept += [f"{head}{{{inner}}}"] if inner else []
        elif head.startswith("@"):
            kept.append(f"{head}{{{body}}}")
        elif names := list(filter(None, map(change, selectors(head)))):
            kept.append(f"{','.join(names)}{{{body}}}")
    return "\n".join(kept)


def used_names(outdir: Path, pages: dict[Path, str]) -> set[str]:
    """Every word that can be a class or an id, of the pages and of their scripts."""
    names: set[str] = set()
    for text in pages.values():
        for value in re.findall(r'\b(?:class|id)="([^"]*)"', text):
            names.update(value.split())
    for script in outdir.glob("_static/**/*.js"):
        if "mathjax" not in script.parts and script.name != "search-index.js":
            names.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
    return names


def keep_used(names: set[str]) -> Callable[[str], str | None]:
    def change(selector: str) -> str | None:
        plain = re.sub(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]", "", selector)
        wanted = re.findall(r"[.#]((?:[\w-]|\\.)+)", plain)
        fine = all(MADE_BY_SCRIPTS.match(n) or n.replace("\\", "") in names for n in wanted)
        return selector if fine else None

    return change


def dark_without_script(selector: str) -> str | None:
    """The rules of the dark form, for pages that no script has told which form to take."""
    dark = re.compile(r"""\[data-theme=["']?dark["']?\]""")
    fits = dark.search(selector) and ".only-" not in selector  # the light logo is the one there is
    return dark.sub(":not([data-mode])", selector) if fits else None


def icons(static: Path, names: set[str]) -> str:
    """Rules that draw the theme's icons as shapes of the text's color."""
    shapes = (static / "scripts" / "fontawesome.js").read_text(encoding="utf-8")
    shape = re.compile(r'"?([a-z0-9-]+)"?:\[(\d+),(\d+),\[([^\]]*)\],"[0-9a-f]+","([^"]+)"\]')
    drawn: dict[str, str] = {}
    for first, width, height, others, path in shape.findall(shapes):
        ratio = int(width) / int(height)
        svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'>"
        for name in [first, *re.findall(r'"([a-z0-9-]+)"', others)]:
            if f"fa-{name}" in names:  # the solid form comes first, and is the theme's
                image = quote(f"{svg}<path d='{path}'/></svg>", safe=" =:/'")
                look = f'width:{ratio:.3g}em;--icon:url("data:image/svg+xml,{image}")'
                drawn.setdefault(f".fa-{name}", f".fa-{name}::before{{{look}}}")
    every = ",".join(drawn)
    look = (
        'content:"";display:inline-block;height:1em;vertical-align:-.125em;'
        "background:currentColor;mask:var(--icon) center/contain no-repeat;"
        "forced-color-adjust:none"
    )
    return "\n".join(
        [f"{every}{{font-family:inherit}}", f":is({every})::before{{{look}}}", *drawn.values()]
    )


def sheet_of(static: Path, names: list[str]) -> str:
    """Stylesheets one after another, with addresses that hold in the folder of them all."""
    parts = []
    for name in names:
        css = (static / name).read_text(encoding="utf-8")
        folder = PurePosixPath(name).parent
        imported = re.findall(r'@import "([^"]+)"', css)
        parts += [(static / folder / other).read_text(encoding="utf-8") for other in imported]
        relative = r"""url\((["']?)(?!data:|#|/|["'])"""
        parts.append(re.sub(relative, rf"url(\1{folder.as_posix()}/", css))
    return "\n".join(parts)


def join_stylesheets(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    outdir, static = Path(app.outdir), Path(app.outdir, "_static")
    pages = {
        path: path.read_text(encoding="utf-8")
        for path in outdir.rglob("*.html")
        if static not in path.parents
    }
    linked: dict[str, None] = {}  # paths below _static, in the order of the pages
    for text in pages.values():
        tags = LINK.findall(text)
        linked |= dict.fromkeys(re.search(r"_static/([^\"?]+)", tag)[1] for tag in tags)
    linked.pop(SHEET, None)
    if not linked:
        return  # a second run over pages that are done
    names = used_names(outdir, pages)
    css = rewrite(sheet_of(static, list(linked)), keep_used(names))
    dark = rewrite(css, dark_without_script)
    css = "\n".join(
        [
            css,
            icons(static, names),
            "html:not([data-mode]) .pst-js-only,html[data-mode] .without-script"
            "{display:none!important}",
            f"@media (prefers-color-scheme:dark){{{dark}}}",
        ]
    )
    (static / SHEET).write_text(css, encoding="utf-8")
    digest = hashlib.sha256(css.encode()).hexdigest()[:8]
    for path, text in pages.items():
        head, separator, rest = text.partition("</head>")
        without = LINK.sub("", head)
        if without == head:
            continue
        root = re.search(r'href="([^"]*)_static/', head)[1]
        link = f'<link rel="stylesheet" href="{root}_static/{SHEET}?v={digest}" />'
        path.write_text(f"{without}{link}\n{separator}{rest}", encoding="utf-8")
    (static / "scripts" / "fontawesome.js").unlink(missing_ok=True)
    for name in linked:
        (static / name).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", lighten, priority=900)  # after everything that adds a script
    app.connect("build-finished", join_stylesheets, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
