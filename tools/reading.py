"""Chapters as the checks read them: text, notebook, sections, and where an author finds a cell.

Why it exists: a notebook is never edited, so a fault in its cell 12 is reported as a line of the
text that the cell was made of.
"""

from collections.abc import Iterator
from functools import cached_property

from markdown_it.token import Token
from nbformat import NotebookNode

from tools.chapters import (
    NOTEBOOKS,
    SOURCES,
    ChapterError,
    notebook_of,
    read_notebook,
    read_source,
    sources,
)
from tools.sections import Section, parse, sections


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
        text, position, found = self.source.read_text(encoding="utf-8"), 0, []
        for cell in self.described.cells:
            start = text.find(f"\n{cell.source}\n", position)
            position = start + 1 if start >= 0 else position
            found.append(text.count("\n", 0, position) + 1)
        return found

    def at(self, index: int, line: int = 0) -> str:
        """Where an author finds a cell: book/NN_name.md:LINE."""
        known = index < len(self.lines)
        return f"{self.source}:{self.lines[index] + line}" if known else str(self.source)

    def code(self) -> Iterator[tuple[int, NotebookNode, str]]:
        """Code cells of the notebook: number among the code cells, cell, place as text."""
        number = 0
        for index, cell in enumerate(self.notebook.cells):
            if cell.cell_type == "code":
                number += 1
                yield number, cell, f"{self.at(index)}: code cell {number}"

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
