"""What can be wrong with a chapter's prose: what only the site shows, links, headings, callouts.

Why it exists: a chapter is read on the site, in Colab, on GitHub and in editors, and is entered at
any heading. What breaks in one of these places, its author does not see.
"""

import difflib
import re
from itertools import zip_longest
from urllib.parse import unquote

from markdown_it.token import Token

from tools.chapters import NAME, Book, Chapter, tags

PARTS = ("**You will learn", "**You need")
HEADINGS = ["Summary", "Exercises", "Solutions", "Where next"]
MESSAGE = r"(?=\b\w+(?:Error|Exception|Warning): )"  # where an error begins in an output
NEARLY = 0.6  # of the words of a heading: it means to quote
CALLOUTS = {"Watch out", "Not run here"}


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
            if (path and not re.fullmatch(rf"{NAME}\.ipynb", path)) or known is None:
                problems.append(f"{where}: link to {address}: no such chapter; write NN_name.ipynb")
            elif anchor and anchor not in (anchors := [s.anchor for s in known.values()]):
                near = difflib.get_close_matches(anchor, anchors, 1, 0.4)
                correct = f"did you mean #{near[0]}?" if near else "correct it"
                problems.append(f"{where}: link to {address}: no such heading; {correct}")
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


def words(text: str) -> list[str]:
    """The words of a message, without sizes and devices, which differ from case to case."""
    return [w for w in re.findall(r"[a-z_]+", text.lower()) if w not in ("cuda", "cpu", "meta")]


def is_quoted(heading: list[str], message: list[str]) -> bool:
    """Whether the words stand in the message in this order; some of it may be left out.

    An output may cut a message short, so of the last word its beginning is enough.
    """
    *first, last = heading
    rest = iter(message)
    return all(word in rest for word in first) and any(last.startswith(word) for word in rest)


def check_quotes(chapter: Chapter) -> list[str]:
    """A heading that is a message's words is what people paste; one that nearly is, is lost."""
    problems = []
    for section in chapter.sections.values():
        heading = words(section.title)
        parts = [part for output in section.outputs for part in re.split(MESSAGE, output)]
        messages = [part for part in parts if re.match(MESSAGE, part)]
        if len(heading) < 4 or any(is_quoted(heading, words(m)) for m in messages):
            continue
        for message in messages:
            blocks = difflib.SequenceMatcher(None, heading, words(message)).get_matching_blocks()
            if sum(block.size for block in blocks) >= NEARLY * len(heading):
                where = chapter.at(section.cell, section.line)
                told = f"the heading {section.title!r} is not what the error below says"
                problems.append(f"{where}: {told} ({message[:80]}); quote its words in their order")
                break
    return problems


def check_callouts(chapter: Chapter) -> list[str]:
    """A quotation that begins in bold is a callout; the site knows each kind by its words."""
    problems = []
    for index, cell in enumerate(chapter.notebook.cells):
        if cell.cell_type != "markdown":
            continue
        for match in re.finditer(r"^> ?\*\*(.+?)\*\*", cell.source, re.M):
            before = cell.source[: match.start()].rstrip("\n").rpartition("\n")[2]
            if not before.startswith(">") and match[1].rstrip(".") not in CALLOUTS:
                where = chapter.at(index, cell.source.count("\n", 0, match.start()))
                known = ", ".join(f"**{name}.**" for name in sorted(CALLOUTS))
                problems.append(f"{where}: callout **{match[1]}**; there is {known}")
    return problems
