"""Format the code cells of chapters where they stand in the text: `make format`.

Why it exists: ruff formats notebooks, and a chapter's notebook is not what an author edits.

Exit code: 0 formatted; 2 it could not be done, and no text was changed.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from tools.chapters import Chapter, ChapterError, named, sources


def reason(told: str, chapters: list[Chapter]) -> str:
    """What ruff could not read, at the line of the text."""
    if found := re.search(r"(\w+)\.ipynb:(\d+):(\d+):\d+: (.*)", told):
        (chapter,) = (c for c in chapters if c.name == found[1])
        return f"{chapter.at(int(found[2]) - 1, int(found[3]) - 1)}: {found[4]}; mend the code"
    return " ".join(told.split())[:200]


def formatted(chapters: list[Chapter]) -> dict[Chapter, list[str]]:
    """The source of each cell as ruff writes it. Raises ChapterError where it cannot."""
    with tempfile.TemporaryDirectory(prefix="format-") as name:
        paths = {chapter: Path(name, f"{chapter.name}.ipynb") for chapter in chapters}
        for chapter, path in paths.items():
            nbformat.write(chapter.described, path)
        settings = Path("pyproject.toml").resolve()
        command = [sys.executable, "-m", "ruff", "format", "--no-cache"]
        command += ["--config", str(settings), *map(str, paths.values())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ChapterError(reason(done.stderr, chapters))
        return {
            chapter: [cell.source for cell in nbformat.read(path, as_version=4).cells]
            for chapter, path in paths.items()
        }


def rewritten(chapter: Chapter, new: list[str]) -> str:
    """The chapter's text with its code cells replaced, and nothing else touched."""
    lines = chapter.source.read_text(encoding="utf-8").split("\n")
    cells = list(zip(chapter.described.cells, chapter.lines, new, strict=True))
    for cell, line, source in reversed(cells):
        if cell.cell_type == "code" and source != cell.source:
            lines[line - 1 : line - 1 + len(cell.source.split("\n"))] = source.split("\n")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="*", metavar="NN_name", help="default: the whole book")
    chosen = parser.parse_args(arguments).chapters
    try:
        names = [named(name) for name in chosen] or [path.stem for path in sources()]
        texts = {c: rewritten(c, new) for c, new in formatted([Chapter(n) for n in names]).items()}
    except ChapterError as error:
        print(f"format: {error}", file=sys.stderr)
        return 2
    for chapter, text in texts.items():
        if text != chapter.source.read_text(encoding="utf-8"):
            chapter.source.write_text(text, encoding="utf-8", newline="\n")
            print(f"format: {chapter.source}: formatted; `make notebooks` runs what changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
