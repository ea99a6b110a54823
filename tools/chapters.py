"""A chapter: its text, the notebook that the text means, and where an author finds a cell of it.

Why it exists: `make notebooks` writes notebooks and `make check` compares them with their sources.
Both must agree to the byte on what a source means, so that meaning lives here, once. And since a
notebook is never edited, a fault in its cell 12 is reported as a line of the text.
"""

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import jupytext
import nbformat
from markdown_it.token import Token
from nbformat import NotebookNode

from tools.sections import Section, parse, sections

SOURCES = Path("book")
NOTEBOOKS = Path("notebooks")
CONCORDANCE = Path("tests/concordance")
IGNORED = "nbval-ignore-output"  # the tag of an output that may vary
NAME = r"\d\d_\w+"

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}

# What JupyterLab needs to keep folded what the site folds.
FOLDED = {
    "hide-input": {"source_hidden": True},
    "hide-output": {"outputs_hidden": True},
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
}


class ChapterError(Exception):
    """A file of a chapter that cannot be used; the message is one line that says what to do."""


def sources() -> list[Path]:
    """The chapters in the book's order: every book/NN_name.md."""
    return sorted(SOURCES.glob("[0-9][0-9]_*.md"))


def notebook_of(source: Path) -> Path:
    return NOTEBOOKS / f"{source.stem}.ipynb"


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def read_source(path: Path) -> NotebookNode:
    """The notebook that a chapter's text describes, without outputs.

    Cell ids are digests of the cells' text, so that they stay when another cell changes.
    Raises ChapterError where the file is missing, is not text, or is not a notebook text.
    """
    if not path.is_file():
        raise ChapterError(f"{path}: missing; write it, or remove its notebook")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ChapterError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error
    if not re.match(r"---\n(.*\n)*?kernelspec:\n(.*\n)*?---\n", text):
        raise ChapterError(f"{path}: no front matter with a kernelspec; copy it from a chapter")
    try:
        read = jupytext.reads(text, fmt="md:myst")
    except Exception as error:  # whatever the parsers raise, the file is what must be mended
        reason = " ".join(str(error).split())
        raise ChapterError(f"{path}: cannot be read as MyST notebook text: {reason}") from error
    kernel = read.metadata.get("kernelspec", {}).get("name", "")
    if not kernel:
        raise ChapterError(f"{path}: its kernelspec has no name; write `name: python3`")
    notebook = nbformat.v4.new_notebook(metadata=json.loads(json.dumps(METADATA)))
    notebook.metadata.kernelspec.name = kernel
    notebook.nbformat_minor = 5
    seen: Counter[str] = Counter()
    for cell in read.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] += 1
        metadata = NotebookNode(cell.metadata)
        jupyter = {k: v for tag in tags(cell) for k, v in FOLDED.get(tag, {}).items()}
        if jupyter:
            metadata["jupyter"] = jupyter
        name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        # nbformat's own functions validate each cell, which takes longer than all else here.
        new = NotebookNode(cell_type=cell.cell_type, id=name, metadata=metadata, source=cell.source)
        if cell.cell_type == "code":
            new.update(execution_count=None, outputs=[])
        notebook.cells.append(new)
    return notebook


def read_notebook(path: Path) -> NotebookNode:
    """A committed notebook. Raises ChapterError where it is missing or not a notebook."""
    if not path.is_file():
        raise ChapterError(f"{path}: missing; run `make notebooks`")
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except Exception as error:  # whatever the parser raises, only a new run can mend the file
        reason = " ".join(str(error).split())[:80]
        raise ChapterError(f"{path}: not a notebook ({reason}); run `make notebooks`") from error


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """A copy as `read_source` would give it: no outputs, no execution counts."""
    bare = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


class Chapter:
    """One chapter: its text, the notebook made of it, and where its cells stand."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.source = SOURCES / f"{name}.md"
        self.path = notebook_of(self.source)

    @cached_property
    def described(self) -> NotebookNode:
        return read_source(self.source)

    @cached_property
    def notebook(self) -> NotebookNode:
        return read_notebook(self.path)

    @cached_property
    def sections(self) -> dict[str, Section]:
        return sections(self.notebook)

    @cached_property
    def lines(self) -> list[int]:
        """The line of the text where each cell begins."""
        text, end, found = self.source.read_text(encoding="utf-8"), 0, []
        for cell in self.described.cells:
            start = text.find(f"\n{cell.source}\n", end)
            begin = start + 1 if start >= 0 else end
            found.append(text.count("\n", 0, begin) + 1)
            end = begin + len(cell.source) if start >= 0 else end
        return found

    def at(self, index: int, line: int = 0) -> str:
        """Where an author finds a cell: book/NN_name.md:LINE."""
        known = index < len(self.lines)
        return f"{self.source}:{self.lines[index] + line}" if known else str(self.source)

    def code_at(self, number: int, line: int = 0) -> str:
        """The same for the code cell of that number, counted from 1."""
        code = [i for i, cell in enumerate(self.described.cells) if cell.cell_type == "code"]
        return self.at(code[number - 1], line) if 0 < number <= len(code) else str(self.source)

    def code(self) -> Iterator[tuple[int, NotebookNode, str]]:
        """Code cells of the notebook: number among the code cells, cell, place as text."""
        number = 0
        for index, cell in enumerate(self.notebook.cells):
            if cell.cell_type == "code":
                number += 1
                yield number, cell, f"{self.at(index)}: code cell {number}"

    def prose_above(self, cell: NotebookNode) -> str:
        """The text between a code cell and the one before it."""
        prose = ""
        for other in self.notebook.cells:
            if other is cell:
                break
            prose = "" if other.cell_type == "code" else f"{prose}\n{other.source}"
        return prose

    def markdown(self) -> Iterator[tuple[int, Token]]:
        for index, cell in enumerate(self.notebook.cells):
            if cell.cell_type == "markdown":
                yield from ((index, token) for token in parse(cell.source))


class Book(dict[str, Chapter]):
    """Chapters by name, read when asked for."""

    def __missing__(self, name: str) -> Chapter:
        return self.setdefault(name, Chapter(name))

    def sections(self, name: str) -> dict[str, Section] | None:
        """The sections of a chapter's notebook; None where there is no such notebook."""
        try:
            return self[name].sections if name else None
        except ChapterError:
            return None


def names() -> list[str]:
    """All chapters, also those of which only one half exists."""
    halves = {p.stem for p in NOTEBOOKS.glob("*.ipynb") if not p.name.startswith(".")}
    return sorted({p.stem for p in sources()} | halves)


def named(argument: str) -> str:
    """The chapter that somebody means by NN_name or a path of it. Raises ChapterError."""
    name, there = Path(argument).stem, names()
    if name in there:
        return name
    near = [n for n in there if name in n] or difflib.get_close_matches(name, there, cutoff=0.5)
    known = ", ".join(near or there) or "none yet"
    if not re.fullmatch(NAME, name):
        reason = "a chapter's name is two digits, its part and its place, and a word"
        raise ChapterError(f"{name}: {reason}, as in 50_datasets; there is: {known}")
    raise ChapterError(f"no such chapter: {name}; there is: {known}")
