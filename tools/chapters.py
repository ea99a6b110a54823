"""A chapter's text as the notebook that is committed, and the two read back.

Why it exists: `make notebooks` writes notebooks and `make check` compares them with their
sources. Both must agree to the byte on what a source means, so that meaning lives here, once.
"""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

SOURCES = Path("book")
NOTEBOOKS = Path("notebooks")
CONCORDANCE = Path("tests/concordance")

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
        known = ", ".join(p.stem for p in sources()) or "none yet"
        raise ChapterError(f"{path}: no such chapter; there is: {known}")
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
        code = cell.cell_type == "code"
        new = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
        name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        notebook.cells.append(new(cell.source, id=name, metadata=metadata))
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


def text_of(output: NotebookNode) -> str:
    """What a reader can read of one output: stream text, text representations, error."""
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    if output.output_type == "stream":
        return output.text
    return "\n".join(v for k, v in output.data.items() if k.startswith("text/"))
