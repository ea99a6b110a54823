"""Find what is wrong with the book in seconds, without running a cell: `make check`.

Why it exists: most slips (a notebook edited instead of its text, a dead link, a figure without an
alt text, a path in an output) need no kernel to be seen. One line for each, which says what to
edit. With chapters named, only these are checked; without, also what concerns the whole book.

Exit code: 0 all in order; 1 something is wrong; 2 it could not be checked.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from urllib.parse import unquote

import yaml
from markdown_it.token import Token

from tools import concordance, explorables, lint
from tools.chapters import ChapterError, tags, text_of, without_outputs
from tools.reading import Book, Chapter, names

TOC = Path("_toc.yml")
CODE = ["tools", "tests", "book/_ext", "conftest.py"]  # what ruff reads beside the notebooks
MOST_BYTES = 1_000_000
ONE_IGNORED_IN = 20
IGNORED = "nbval-ignore-output"
TAGS = {
    "raises-exception",
    "hide-input",
    "hide-output",
    "hide-cell",
    "stepper",
    "explorable",
    "photo",
    IGNORED,
}
PARTS = ("**You will learn", "**You need")
HEADINGS = ["Summary", "Exercises", "Solutions", "Where next"]

# Each pattern is narrow on purpose: an author who is stopped by a true output stops believing.
LEAKS = {
    "a machine's path": r"(?<![\w./])/(?:home|root|tmp|usr|Users)/"
    r"|\b[A-Z]:\\{1,2}(?:Users|Windows|Program)|site-packages",
    "an address in memory": r"\bat 0x[0-9a-fA-F]{6,}|\b0x(?:7f|55|56)[0-9a-f]{10}\b",
    "a local network address": r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\b",
    "the environment": r"\benviron\(\{|\bEXECUTABLE_PYTORCH_RUN\b",
}
TIMING = r"\d ?(?:ns|µs|us|ms|s) ± |\bCPU times: |\bWall time: |\bCPU time total: |\dit/s\b"


def check_pair(chapter: Chapter) -> list[str]:
    """The notebook is what the text says: edits must not drift into the generated half."""
    make = f"edit {chapter.source} and run `make notebooks`"
    if not chapter.source.is_file():
        return [f"{chapter.path}: has no {chapter.source}; write it, or remove the notebook"]
    described = chapter.described
    try:
        bare = without_outputs(chapter.notebook)
    except ChapterError as error:
        return [str(error)]
    for index, (cell, wanted) in enumerate(zip(bare.cells, described.cells, strict=False)):
        if cell != wanted:
            return [f"{chapter.at(index)}: {chapter.path} has other text or tags here; {make}"]
    if len(bare.cells) != len(described.cells):
        counts = f"{len(bare.cells)} cells, the text {len(described.cells)}"
        return [f"{chapter.source}: {chapter.path} has {counts}; {make}"]
    if bare != described:
        return [f"{chapter.source}: {chapter.path} has other metadata; {make}"]
    return []


def check_listed(chapters: list[str]) -> list[str]:
    """Every chapter has its place in the table of contents, and every place a file."""
    try:
        toc = yaml.safe_load(TOC.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ChapterError(f"{TOC}: missing; write it, with every chapter listed") from None
    except yaml.YAMLError as error:
        raise ChapterError(f"{TOC}: not YAML ({' '.join(str(error).split())}); mend it") from error

    def files(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (str(node[key]) for key in ("root", "file") if key in node)
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from files(child)

    listed = list(files(toc))
    problems = [
        f"{TOC}: lists {name}, which does not exist; correct or remove the line"
        for name in listed
        if not any(Path(name + end).is_file() for end in ("", ".md", ".ipynb", ".rst"))
    ]
    return problems + [
        f"{TOC}: does not list notebooks/{name}; add `- file: notebooks/{name}`"
        for name in chapters
        if not {f"notebooks/{name}", f"notebooks/{name}.ipynb"} & set(listed)
    ]


def check_tags(chapter: Chapter) -> list[str]:
    """A misspelled tag does nothing, silently."""
    problems = []
    for _, cell, where in chapter.code():
        found = tags(cell)
        if not isinstance(found, list):
            problems.append(f"{where}: tags are no list; write `:tags: [{found}]`")
        elif unknown := sorted(set(found) - TAGS):
            known = ", ".join(sorted(TAGS))
            problems.append(f"{where}: unknown tag {', '.join(unknown)}; there is {known}")
    return problems


def check_outputs(chapter: Chapter) -> list[str]:
    """What was stored is what was meant, and the same on every machine."""
    problems = []
    for number, cell, where in chapter.code():
        if cell.execution_count != number:
            reason = "is empty; remove it" if not cell.source.strip() else "was not run in order"
            problems.append(f"{where}: {reason}; run `make notebooks`")
        kinds = [output.output_type for output in cell.outputs]
        if "error" in kinds and "raises-exception" not in tags(cell):
            problems.append(f"{where}: raises; mend it, or tag it raises-exception")
        if "error" not in kinds and "raises-exception" in tags(cell):
            problems.append(f"{where}: is tagged raises-exception but raises nothing; drop the tag")
        figure = any(k.startswith("image/") for o in cell.outputs for k in o.get("data", {}))
        image = (cell.metadata.get("mystnb") or {}).get("image") or {}
        if figure and not str(image.get("alt") or "").strip():
            problems.append(f"{where}: its figure has no alt text; give the cell mystnb.image.alt")
        for output in cell.outputs:
            text = "\n".join([text_of(output), *output.get("traceback", [])])
            if output.get("name") == "stderr":
                shown = " ".join(text.split())[:60]
                problems.append(f"{where}: writes to stderr ({shown}); avoid it, or catch and show")
            leaks = LEAKS if IGNORED in tags(cell) else {**LEAKS, "a timing": TIMING}
            for what, pattern in leaks.items():
                if match := re.search(pattern, text):
                    shown = " ".join(text[match.start() : match.end() + 20].split())
                    problems.append(f"{where}: its output shows {what} ({shown}); do not print it")
    if (size := chapter.path.stat().st_size) >= MOST_BYTES:
        limit = f"{size:,} bytes, limit {MOST_BYTES:,}"
        problems.append(f"{chapter.source}: its notebook has {limit}; make the figures smaller")
    return problems


def check_ignored(chapters: list[Chapter]) -> list[str]:
    """Outputs that nbval does not compare stay rare, or the comparison means nothing."""
    shown = [(where, cell) for c in chapters for _, cell, where in c.code() if cell.outputs]
    ignored = [where for where, cell in shown if IGNORED in tags(cell)]
    if len(ignored) * ONE_IGNORED_IN <= len(shown):
        return []
    ratio = f"{len(ignored)} of {len(shown)} outputs are tagged {IGNORED}"
    limit = f"at most one in {ONE_IGNORED_IN}"
    return [f"{ignored[-1]}: {ratio}, {limit}; print what repeats, and drop the tag"]


def check_portable(chapter: Chapter) -> list[str]:
    """Colab, GitHub and VS Code show MyST as raw text and find no relative images."""
    problems = []

    def add(index: int, token: Token, what: str) -> None:
        where = chapter.at(index, token.map[0] if token.map else 0)
        problems.append(f"{where}: {what}; write plain Markdown, or make the figure in a cell")

    for index, token in chapter.markdown():
        if token.type == "fence" and token.info.startswith("{"):
            add(index, token, f"MyST directive ```{token.info}")
        elif token.type == "html_block" and re.search(r"<img\b(?!.*https?:)", token.content):
            add(index, token, "relative image")
        elif token.type == "inline":
            if match := re.search(r"^(:::.*|\([\w-]+\)=)$", token.content, re.M):
                add(index, token, f"MyST directive or target {match[1]}")
            children = token.children or []
            for child, after in zip_longest(children, children[1:]):
                role = re.search(r"\{[a-zA-Z][\w:.+-]*\}$", child.content)
                if child.type == "text" and role and after and after.type == "code_inline":
                    add(index, token, f"MyST role {role[0]}")
                address = str(child.attrs.get("src", "")) if child.type == "image" else ""
                if child.type == "html_inline" and re.match(r"<img\b(?!.*https?:)", child.content):
                    address = child.content
                if address and not address.startswith(("https://", "http://")):
                    add(index, token, f"relative image {address[:60]}")
    return problems


def check_links(chapter: Chapter, book: Book) -> list[str]:
    """Links between chapters lead to a notebook and a heading that exist."""
    problems = []
    for index, token in chapter.markdown():
        for child in token.children or []:
            address = unquote(str(child.attrs.get("href", "")))
            if child.type != "link_open" or re.match(r"[a-z][a-z0-9+.-]*:", address):
                continue
            where = chapter.at(index, token.map[0] if token.map else 0)
            path, _, anchor = address.partition("#")
            stem = path.removesuffix(".ipynb")
            known = book.sections(stem or chapter.name)
            if (path and not re.fullmatch(r"\d\d_\w+\.ipynb", path)) or known is None:
                problems.append(f"{where}: link to {address}: no such chapter; write NN_name.ipynb")
            elif anchor and anchor not in {s.anchor for s in known.values()}:
                problems.append(f"{where}: link to {address}: no such heading; correct it")
    return problems


def check_structure(chapter: Chapter) -> list[str]:
    """Headings nest, the parts that readers rely on are there, solutions stay hidden."""
    problems, level = [], 0
    found = list(chapter.sections.values())
    for section in found:
        where = chapter.at(section.cell, section.line)
        if section.level > level + 1:
            jump = f"heading level {section.level} after level {level}"
            problems.append(f"{where}: {jump} ({section.title}); do not skip a level")
        level = section.level
    if (titles := sum(s.level == 1 for s in found)) != 1:
        problems.append(f"{chapter.source}: {titles} level-1 headings; write exactly one")
    text = "\n".join(c.source for c in chapter.notebook.cells if c.cell_type == "markdown")
    problems += [f"{chapter.source}: no {part}**; add it" for part in PARTS if part not in text]
    have = [s.title for s in found if s.level == 2 and s.title in HEADINGS]
    if have != HEADINGS:
        wanted = ", ".join(f"## {title}" for title in HEADINGS)
        listed = ", ".join(f"## {title}" for title in have) or "none of them"
        problems.append(f"{chapter.source}: needs, in this order, {wanted}; has {listed}")
    bounds = {s.title: s.cell for s in found if s.level == 2}
    after = min((c for c in bounds.values() if c > bounds.get("Solutions", 0)), default=None)
    if "Solutions" in bounds:
        for index, cell in list(enumerate(chapter.notebook.cells))[bounds["Solutions"] : after]:
            if cell.cell_type == "code" and "hide-cell" not in tags(cell):
                where = chapter.at(index)
                problems.append(f"{where}: a solution that is not hidden; tag it hide-cell")
    return problems


def check(chosen: list[str]) -> tuple[list[str], str]:
    """All problems, and the summary line where there are none. Raises ChapterError."""
    every = names()
    if unknown := [name for name in chosen if name not in every]:
        there = ", ".join(every) or "none yet"
        raise ChapterError(f"no such chapter: {', '.join(unknown)}; there is: {there}")
    book, problems, total, good = Book(), [], 0, []
    for name in chosen or every:
        chapter = book[name]
        rows, count = concordance.check(name, book.sections)
        total += count
        if stale := check_pair(chapter):
            problems += stale  # all else is about a notebook that will be replaced
            continue
        good.append(chapter)
        problems += check_tags(chapter) + check_outputs(chapter) + check_portable(chapter)
        problems += explorables.check(chapter)
        problems += check_links(chapter, book) + check_structure(chapter) + rows
    paths = [str(chapter.path) for chapter in good]
    if not chosen:
        extra = {p.stem for p in concordance.CONCORDANCE.glob("*.yml")} - set(every)
        place = concordance.CONCORDANCE
        problems += [f"{place}/{name}.yml: no such chapter; rename it" for name in sorted(extra)]
        problems += check_listed(every) + check_ignored(good)
        paths += [path for path in CODE if Path(path).exists()]
    if paths:
        problems += lint.check(paths, book) + lint.check_format(paths, book)
    cells = [cell for chapter in good for _, cell, _ in chapter.code()]
    shown = sum(bool(cell.outputs) for cell in cells)
    chapters = f"{len(good)} chapter{'s' * (len(good) != 1)}"
    summary = f"{chapters}, {len(cells)} code cells, {shown} outputs, {total} rows"
    return problems, f"{summary}: all in order"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="*", metavar="NN_name", help="default: the whole book")
    chosen = [Path(name).stem for name in parser.parse_args(arguments).chapters]
    try:
        problems, summary = check(chosen)
    except ChapterError as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    if not problems:
        print(f"check: {summary}")
        return 0
    print("\n".join(problems))
    count = f"{len(problems)} problem{'s' * (len(problems) != 1)}"
    print(f"check: {count} in what is listed above", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
