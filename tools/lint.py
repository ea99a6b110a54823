"""Ruff's findings, told at the lines that an author can edit.

Why it exists: ruff reads notebooks, but a chapter's code is written in its text.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from tools.chapters import Book, ChapterError

DIFF_LINES = 12


def ruff(*arguments: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if "No module named ruff" in done.stderr:
        raise ChapterError("ruff is missing; install requirements.lock")
    # Code that it cannot parse is one of the findings of `ruff check`.
    if not done.stdout and done.returncode > 1 and "Failed to parse" not in done.stderr:
        raise ChapterError(f"ruff {arguments[0]}: {' '.join(done.stderr.split())[:200]}")
    return done.stdout


def check(paths: list[str], book: Book) -> list[str]:
    """Ruff's findings, at the line of the text that an author can edit."""
    problems = []
    for found in json.loads(ruff("check", "--no-cache", "--output-format=json", *paths)):
        path, row = Path(found["filename"]), found["location"]["row"]
        what = f"{found['code'] or 'syntax'} {found['message']}"
        if path.suffix == ".ipynb":
            chapter = book[path.stem]
            where = chapter.at((found["cell"] or 1) - 1, row - 1)
            problems.append(f"{where}: {what}; edit {chapter.source}, run `make notebooks`")
        else:
            where = path.relative_to(Path.cwd())
            problems.append(f"{where}:{row}: {what}; edit it")
    return problems


def check_format(paths: list[str], book: Book) -> list[str]:
    """Code that `ruff format` would write otherwise, with the lines that would change."""
    problems = []
    for part in re.split(r"^--- ", ruff("format", "--no-cache", "--diff", *paths), flags=re.M)[1:]:
        head, *diff = part.splitlines()
        path, _, cell = head.partition(":cell ")
        lines = [line for line in diff[1:] if line]
        if not lines:
            continue  # ruff names every cell of a notebook of which one would change
        more = [f"... and {len(lines) - DIFF_LINES} more"] if len(lines) > DIFF_LINES else []
        shown = "".join(f"\n    {line}" for line in lines[:DIFF_LINES] + more)
        if cell:
            chapter = book[Path(path).stem]
            where, edit = chapter.at(int(cell) - 1), f"edit {chapter.source}, run `make notebooks`"
        else:
            where, edit = path, f"run `ruff format {path}`"
        problems.append(f"{where}: ruff format writes this differently; {edit}:{shown}")
    return problems
