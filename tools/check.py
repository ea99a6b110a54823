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
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

from tools import cells, concordance, drift, lint, lock, prose
from tools.chapters import (
    IGNORED,
    NAME,
    SOURCES,
    Book,
    Chapter,
    ChapterError,
    named,
    names,
    tags,
    without_outputs,
)

TOC = Path("_toc.yml")
CODE = ["tools", "tests", "book/_ext", "conftest.py"]  # what ruff reads beside the notebooks
ONE_IGNORED_IN = 20


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
    pages = {str(p.with_suffix("")) for p in SOURCES.glob("[!0-9]*.md")}
    problems += [
        f"{page}.md: no page of the book; add `- file: {page}` to {TOC}, or remove it"
        for page in sorted(pages - {name.removesuffix(".md") for name in listed})
    ]
    return problems + [
        f"{TOC}: does not list notebooks/{name}; add `- file: notebooks/{name}`"
        for name in chapters
        if not {f"notebooks/{name}", f"notebooks/{name}.ipynb"} & set(listed)
    ]


def check_names() -> list[str]:
    """A text whose name begins otherwise than a chapter's is no chapter, silently."""
    shape = "a chapter's name is two digits, its part and its place, and a word, as in 50_datasets"
    return [
        f"{path}: {shape}; rename it"
        for path in sorted(SOURCES.glob("[0-9]*"))
        if not re.fullmatch(rf"{NAME}\.md", path.name)
    ]


def check_environment() -> list[str]:
    """The outputs were stored, and are compared, with the versions that are required."""
    problems = []
    for name, wanted in cells.requirements().items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "none"
        if found == "none" or not wanted.specifier.contains(found, prereleases=True):
            told = f"asks for {wanted}, and this environment has {found}"
            problems.append(f"requirements.txt: {told}; install it, or name another VENV")
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


def check(chosen: list[str]) -> tuple[list[str], str]:
    """All problems, and the summary line where there are none. Raises ChapterError."""
    chosen, every = [named(name) for name in chosen], names()
    book, problems, total, good = Book(), [], 0, []
    for name in chosen or every:
        chapter = book[name]
        rows, count = concordance.check(name, book.sections)
        total += count
        if stale := check_pair(chapter):
            problems += stale  # all else is about a notebook that will be replaced
            continue
        good.append(chapter)
        problems += cells.check_tags(chapter) + cells.check_code(chapter)
        problems += cells.check_outputs(chapter) + cells.check_devices(chapter)
        problems += prose.check_portable(chapter) + prose.check_links(chapter, book)
        problems += prose.check_structure(chapter) + prose.check_callouts(chapter)
        problems += prose.check_quotes(chapter) + rows
    paths = [str(chapter.path) for chapter in good]
    if not chosen:
        extra = {p.stem for p in concordance.CONCORDANCE.glob("*.yml")} - set(every)
        place = concordance.CONCORDANCE
        problems += [f"{place}/{name}.yml: no such chapter; rename it" for name in sorted(extra)]
        problems += check_names() + check_listed(every) + check_ignored(good)
        problems += concordance.check_ids(every) + lock.check() + check_environment()
        problems += drift.check()
        paths += [path for path in CODE if Path(path).exists()]
    if paths:
        problems += lint.check(paths, book) + lint.check_format(paths, book)
    code = [cell for chapter in good for _, cell, _ in chapter.code()]
    shown = sum(bool(cell.outputs) for cell in code)
    chapters = f"{len(good)} chapter{'s' * (len(good) != 1)}"
    summary = f"{chapters}, {len(code)} code cells, {shown} outputs, {total} rows"
    return problems, f"{summary}: all in order"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="*", metavar="NN_name", help="default: the whole book")
    try:
        problems, summary = check(parser.parse_args(arguments).chapters)
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
