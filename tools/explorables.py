"""Cells tagged `explorable` have the form that the site can turn into controls.

Why it exists: a line of another form makes the site show the cell as it stands, silently.
"""

import re
from base64 import b64decode

from nbformat import NotebookNode

from tools.chapters import tags
from tools.reading import Chapter

MOST_COMBINATIONS = 30
MOST_BYTES = 150_000
LINE = re.compile(r"((?:[^\s=:]+=\S+ )*[^\s=:]+=\S+):(?: .*)?")
FORM = "a line for each combination, such as `kernel=3 stride=2: 4 × 4`"  # noqa: RUF001


def combinations(text: str) -> list[dict[str, str]] | str:
    """The values of each line, in order; as text, the first line that is none."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        match = LINE.fullmatch(line)
        if not match:
            return line
        found.append(dict(pair.split("=", 1) for pair in match[1].split(" ")))
        if found[0].keys() != found[-1].keys():
            return line
    return found


def check_cell(cell: NotebookNode) -> str | None:
    """What is wrong with an explorable, and what to do about it."""
    text = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    images = [o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})]
    found = combinations(text)
    if isinstance(found, str):
        return f'prints "{found[:60]}"; print {FORM}, the same names in each'
    if len(found) < 2 or len(found) > MOST_COMBINATIONS:
        return f"has {len(found)} combinations; print 2 to {MOST_COMBINATIONS}"
    if len({tuple(values.items()) for values in found}) < len(found):
        return "prints a combination twice; print each once"
    if len(images) > 1 or len(cell.outputs) > 1 + len(images):
        return f"shows more than lines and one figure; print {FORM}, then one grid of tiles"
    if images and (size := len(b64decode(images[0]))) > MOST_BYTES:
        return f"has a figure of {size:,} bytes, limit {MOST_BYTES:,}; draw fewer or smaller tiles"
    columns = cell.metadata.get("explorable", {}).get("columns")
    if columns is not None and (not isinstance(columns, int) or not 0 < columns <= len(found)):
        return f"has {columns} columns; write how many tiles stand side by side"
    return None


def check(chapter: Chapter) -> list[str]:
    problems = []
    for _, cell, where in chapter.code():
        if "explorable" in tags(cell) and (problem := check_cell(cell)):
            problems.append(f"{where}: an explorable that {problem}")
    return problems
