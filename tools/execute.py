"""Turn a chapter's text into its executed notebook: book/NN_name.md -> notebooks/NN_name.ipynb.

Why it exists: the notebook that readers run, the page they see and the outputs that the tests
compare are one file, and this is the only program that writes it. It runs the chapter in an
empty folder, keeps only what is the same in every run, and replaces the notebook that was there
only when everything went well.

Exit code: 0 written; 1 the chapter does not run as it says; 2 it could not be tried.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools.chapters import SOURCES, ChapterError, notebook_of, tags
from tools.reading import Chapter
from tools.sandbox import LeftBehind, sandbox

CELL_TIMEOUT = 120  # seconds, the same as in the nbval run


class RunError(Exception):
    """A chapter that does not run as it says; the message is one line."""


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighboring pieces of one stream: where a kernel cuts them is chance.

    Pieces with a figure between them stay apart; a stepper's lines must stay with their figures.
    """
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last.text += output.text
        else:
            merged.append(output)
    return merged


def only_what_repeats(notebook: NotebookNode, source: NotebookNode) -> None:
    """Drop what differs from run to run, or between machines, from an executed notebook."""
    notebook.metadata = source.metadata
    for cell, origin in zip(notebook.cells, source.cells, strict=True):
        cell.metadata = origin.metadata
        if cell.cell_type != "code":
            continue
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "error":
                # The frames hold paths and line numbers of the installation.
                output.traceback = [f"{output.ename}: {output.evalue}"]


def run(source: Path) -> NotebookNode:
    """The executed notebook of one chapter. Raises RunError, ChapterError, NoSuchKernel."""
    chapter = Chapter(source.stem)
    described = chapter.described
    notebook = nbformat.from_dict(described.copy())
    notebook.cells = [nbformat.from_dict(dict(cell)) for cell in described.cells]
    started: list[int] = []
    try:
        with sandbox() as folder:
            client = NotebookClient(
                notebook,
                timeout=CELL_TIMEOUT,
                kernel_name=notebook.metadata.kernelspec.name,
                record_timing=False,
                extra_arguments=["--log-level=ERROR"],  # a kernel's own log is not the chapter's
                resources={"metadata": {"path": str(folder)}},
                on_cell_start=lambda cell, cell_index: started.append(cell_index),
            )
            try:
                client.execute()
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                number = sum(c.cell_type == "code" for c in notebook.cells[: started[-1] + 1])
                where = f"{chapter.at(started[-1])}: code cell {number}"
                if isinstance(error, CellExecutionError):
                    reason = " ".join(f"{error.ename}: {error.evalue}".split())
                    raise RunError(f"{where} raised {reason}") from None
                if isinstance(error, CellTimeoutError):
                    raise RunError(f"{where} ran longer than {CELL_TIMEOUT} s") from None
                raise RunError(f"{where} killed its kernel") from None
    except LeftBehind as error:
        raise RunError(f"{source}: {error}; end and remove them in the chapter") from None
    for index, cell in enumerate(notebook.cells):
        raised = any(o.output_type == "error" for o in cell.get("outputs", []))
        if "raises-exception" in tags(cell) and not raised:
            where = f"{chapter.at(index)}: code cell {cell.execution_count}"
            raise RunError(f"{where} is tagged raises-exception but raised nothing")
    only_what_repeats(notebook, described)
    return notebook


def write(notebook: NotebookNode, target: Path) -> None:
    """Write beside the target, then move: an interrupted run leaves the old file whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".ipynb")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            nbformat.write(notebook, file)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", help="NN_name, or the path of book/NN_name.md")
    source = SOURCES / f"{Path(parser.parse_args(arguments).chapter).stem}.md"
    try:
        write(run(source), notebook_of(source))
    except RunError as error:
        print(f"execute: {error}", file=sys.stderr)
        return 1
    except ChapterError as error:
        print(f"execute: {error}", file=sys.stderr)
        return 2
    except NoSuchKernel as error:
        print(
            f"execute: {source}: no kernel {error.name!r} on this machine; "
            "write `name: python3` in its front matter, and install requirements.txt",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
