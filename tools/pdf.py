"""Print the built site as one PDF: `make pdf`.

Why it exists: some readers want the whole book on paper or on a device without a network. The
browser that shows the site prints it: its pages are joined into one, in the order of the table of
contents, so that links lead to pages of the same file. The book is printed twice, because the
numbers in its contents are known only when it has been printed once.

Exit code: 0 written; 2 it could not be printed.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Error, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MATH = 'class="math'
MINUTES = 5  # that a browser may take for a book of forty chapters

# The links of the sidebar are the table of contents: [[part, [page, ...]], ...].
FIND_PAGES = """() => [...document.querySelectorAll(".bd-docs-nav ul")].map(list => [
    list.previousElementSibling?.matches(".caption") ? list.previousElementSibling.innerText : "",
    [...list.querySelectorAll("a.internal")].map(a => new URL(a.href).pathname),
])"""

# Joins pages, given as [[address, HTML], ...], into the page that is open.
JOIN = r"""async ([parts, pages]) => {
    const name = path => path.split("/").pop().replace(/\.html$/, "");
    const known = new Set(pages.map(([path]) => path));
    const book = document.createElement("article");
    book.className = "bd-article";
    const contents = document.createElement("nav");
    contents.className = "pdf-contents";
    contents.innerHTML = "<h1>Contents</h1>";
    const styles = new Set([...document.querySelectorAll("link[rel=stylesheet]")].map(l => l.href));
    const loading = [];
    const sections = new Map();
    for (const [path, html] of pages) {
        const read = new DOMParser().parseFromString(html, "text/html");
        const address = new URL(path, location.href);
        for (const link of read.querySelectorAll("link[rel=stylesheet]")) {
            const url = new URL(link.getAttribute("href"), address).href;
            if (styles.has(url)) continue;
            styles.add(url);
            const copy = document.createElement("link");
            Object.assign(copy, { rel: "stylesheet", href: url, media: link.media });
            loading.push(new Promise(done => { copy.onload = copy.onerror = done; }));
            document.head.append(copy);
        }
        const whole = read.querySelector("article.bd-article > section");
        const section = document.importNode(whole, true);
        const place = document.createElement("div");
        place.className = "pdf-chapter";
        place.append(section);
        section.querySelectorAll("[id]").forEach(e => { e.id = `${name(path)}--${e.id}`; });
        section.id = `${name(path)}--`;
        for (const image of section.querySelectorAll("img")) {
            image.src = new URL(image.getAttribute("src"), address).href;
            image.loading = "eager";
        }
        for (const link of section.querySelectorAll("a[href]")) {
            const target = new URL(link.getAttribute("href"), address);
            if (target.protocol === "file:") {
                if (known.has(target.pathname)) {
                    const id = decodeURIComponent(target.hash.slice(1));
                    const whole = `${name(target.pathname)}--${id}`;
                    link.setAttribute("href", `#${whole}`);
                } else link.replaceWith(...link.childNodes);
            }
        }
        sections.set(path, section);
        book.append(place);
    }
    const line = (heading, id, level) => {
        const link = document.createElement("a");
        link.href = `#${id}`;
        link.className = `pdf-line pdf-level-${level}`;
        const text = document.createElement("span");
        text.append(...heading.cloneNode(true).childNodes);
        text.querySelectorAll(".headerlink").forEach(e => e.remove());
        const number = document.createElement("span");
        number.className = "pdf-page";
        number.dataset.of = id;
        link.append(text, number);
        contents.append(link);
    };
    for (const [part, paths] of parts) {
        if (part) {
            const caption = document.createElement("p");
            caption.textContent = part;
            contents.append(caption);
        }
        for (const path of paths.slice(part ? 0 : 1)) {
            const section = sections.get(path);
            line(section.querySelector("h1"), section.id, 1);
            for (const inner of section.querySelectorAll(":scope > section")) {
                line(inner.querySelector("h2"), inner.id, 2);
            }
        }
    }
    book.firstChild.querySelectorAll("section:has(.parts)").forEach(e => e.remove());
    book.firstChild.after(contents);
    document.querySelector("article.bd-article").replaceWith(book);
    document.querySelector("#jb-print-docs-body")?.remove();
    document.title = document.title.split(/\s[\u2013\u2014]\s/).pop();
    // A link to what is not here would lead nowhere.
    for (const link of book.querySelectorAll("a[href^='#']")) {
        if (!document.getElementById(link.getAttribute("href").slice(1)))
            link.href = link.getAttribute("href").replace(/--.*/, "--");
    }
    await Promise.all(loading);
    await Promise.all([...book.querySelectorAll("img")].map(i => i.decode().catch(() => 0)));
    if (window.MathJax?.startup) {
        await MathJax.startup.promise;
        await MathJax.typesetPromise([book]);
    }
    await document.fonts.ready;
}"""

NUMBER_CONTENTS = """numbers => document.querySelectorAll(".pdf-page").forEach(
    e => { e.textContent = numbers[e.dataset.of] ?? ""; })"""

STYLE = """
.pdf-chapter, .pdf-contents { break-before: page; }
.pdf-chapter:first-child { break-before: auto; }
.bd-main .bd-content .bd-article h1:first-of-type { display: block; }
.pdf-contents p { margin: 0.9rem 0 0.2rem; font-weight: 650; }
.pdf-line { display: flex; gap: 1rem; justify-content: space-between; color: inherit;
            text-decoration: none; break-inside: avoid; }
.pdf-level-1 { margin-top: 0.35rem; font-weight: 600; }
.pdf-level-2 { padding-left: 1.2rem; font-size: 0.9em; }
.pdf-line code { padding: 0 !important; background: none !important; color: inherit !important; }
"""
FOOTER = (
    '<div style="width: 100%; font: 8px sans-serif; text-align: center; color: #4d5661">'
    '<span class="pageNumber"></span></div>'
)


class PdfError(Exception):
    """The book cannot be printed; the message is one line that says what to do."""


def pages_of_anchors(pdf: bytes) -> dict[str, int]:
    """The number of the page on which each named place of a PDF by Chromium stands.

    Chromium writes its objects uncompressed: the pages in their order, and one dictionary of
    names, `/name [12 0 R /XYZ x y 0]`.
    """
    order = {}
    for number, kind in re.findall(rb"\n(\d+) 0 obj\n<<\s*/Type /(Page|Pages)\b", pdf):
        if kind == b"Page":
            order[number] = len(order) + 1
    found = {}
    for name, page in re.findall(rb"/([^\s/\[\]<>()]+)\s*\[(\d+) 0 R\s*/XYZ", pdf):
        plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes.fromhex(m[1].decode()), name)
        found[unquote(plain.decode("utf-8", "replace"))] = order.get(page, 0)
    return found


def join(page: Page, site: Path) -> None:
    """Make one page of the whole site."""
    first = site / "book" / "index.html"
    page.goto(first.as_uri())
    parts = page.evaluate(FIND_PAGES)
    paths = [path for _, group in parts for path in group]
    htmls = [[path, Path(unquote(path)).read_text(encoding="utf-8")] for path in paths]
    # MathJax stands only on pages that need it.
    with_math = next((path for path, html in htmls if MATH in html), None)
    page.goto(Path(unquote(with_math)).as_uri() if with_math else first.as_uri())
    page.evaluate(JOIN, [parts, htmls])
    page.add_style_tag(content=STYLE)


def print_book(site: Path, target: Path) -> int:
    """Print the site into one file; the number of its pages."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise PdfError("no browser; install Chromium (Debian, Ubuntu: apt-get install chromium)")
    arguments = ["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(MINUTES * 60_000)
        join(page, site)
        for _ in range(2):
            pdf = page.pdf(
                format="A4",
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER,
                margin={"top": "18mm", "bottom": "20mm", "left": "16mm", "right": "16mm"},
                outline=True,
                tagged=True,
            )
            places = pages_of_anchors(pdf)
            page.evaluate(NUMBER_CONTENTS, places)
        browser.close()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(pdf)
    return len(re.findall(rb"/Type /Page\b", pdf))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, default=Path("_build/html"))
    parser.add_argument("--to", type=Path, default=Path("_build/executable_pytorch.pdf"))
    options = parser.parse_args(arguments)
    try:
        if not (options.site / "book" / "index.html").is_file():
            raise PdfError(f"{options.site} holds no built site; run `make html`")
        pages = print_book(options.site.resolve(), options.to)
    except (PdfError, Error) as error:
        print(f"pdf: {' '.join(str(error).split())[:200]}", file=sys.stderr)
        return 2
    print(f"pdf: {options.to}, {pages} pages, {options.to.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
