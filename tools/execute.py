"""Turn a chapter's text into its executed notebook: book/NN_name.md -> notebooks/NN_name.ipynb.

Why it exists: the notebook that readers run, the page they see and the outputs that the tests
compare are one file, and this is the only program that writes it. It runs a chapter whose notebook
is not what the text says, in a sandbox, keeps only what is the same in every run, and replaces the
notebook that was there only when everything went well.

Exit code: 0 written, or as it should be; 1 a chapter does not run as it says; 2 it could not be
tried.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools.chapters import IGNORED, Chapter, ChapterError, named, names, tags, without_outputs
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


def is_current(chapter: Chapter) -> bool:
    """Whether the notebook is what the text says, and was run."""
    try:
        stored = chapter.notebook
    except ChapterError:
        return False
    counts = [c.execution_count for c in stored.cells if c.cell_type == "code"]
    ran = counts == list(range(1, len(counts) + 1))
    return ran and without_outputs(stored) == chapter.described


def keep_ignored(notebook: NotebookNode, stored: NotebookNode) -> None:
    """Leave an output that nbval ignores as it was stored, while all code up to it is the same.

    Otherwise every run would change it, and `git diff` would not be the list of what changed.
    """

    def code(of: NotebookNode) -> Iterator[NotebookNode]:
        return (cell for cell in of.cells if cell.cell_type == "code")

    for cell, before in zip(code(notebook), code(stored), strict=False):
        if cell.source != before.source:
            return
        if IGNORED in tags(cell) and IGNORED in tags(before):
            cell.outputs = before.outputs


def error_line(number: int, traceback: str) -> int:
    """Where in a code cell an error was raised, in lines below its first."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback)
    found = re.search(rf"Cell In\[{number}\], line (\d+)", plain)
    return int(found[1]) - 1 if found else 0


def run(chapter: Chapter) -> NotebookNode:
    """The executed notebook of one chapter. Raises RunError, ChapterError, NoSuchKernel."""
    described = chapter.described
    notebook = nbformat.from_dict(described.copy())
    notebook.cells = [nbformat.from_dict(dict(cell)) for cell in described.cells]
    started: list[tuple[float, int]] = []

    def start(cell: NotebookNode, cell_index: int) -> None:
        started.append((time.time(), cell_index))

    def place(index: int, line: int = 0) -> str:
        number = sum(c.cell_type == "code" for c in notebook.cells[: index + 1])
        return f"{chapter.at(index, line)}: code cell {number}"

    def end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        payload = execute_reply["content"].get("payload", [])
        if any(part.get("source") == "ask_exit" for part in payload):
            raise RunError(f"{place(cell_index)} ends the kernel; a chapter runs to its end")

    try:
        with sandbox() as folder:
            client = NotebookClient(
                notebook,
                timeout=CELL_TIMEOUT,
                kernel_name=notebook.metadata.kernelspec.name,
                record_timing=False,
                extra_arguments=["--log-level=ERROR"],  # a kernel's own log is not the chapter's
                resources={"metadata": {"path": str(folder)}},
                on_cell_start=start,
                on_cell_executed=end,
            )
            try:
                client.execute()
            except CellExecutionError as error:
                index = started[-1][1]
                number = sum(c.cell_type == "code" for c in notebook.cells[: index + 1])
                where = place(index, error_line(number, error.traceback))
                reason = " ".join(f"{error.ename}: {error.evalue}".split())
                raise RunError(f"{where} raised {reason}") from None
            except CellTimeoutError:
                where = place(started[-1][1])
                raise RunError(f"{where} ran longer than {CELL_TIMEOUT} s") from None
            except DeadKernelError:
                raise RunError(f"{place(started[-1][1])} killed its kernel") from None
    except LeftBehind as error:
        where = place(error.cell(started))
        raise RunError(f"{where}: {error}; end and remove them in the chapter") from None
    for index, cell in enumerate(notebook.cells):
        raised = any(o.output_type == "error" for o in cell.get("outputs", []))
        if "raises-exception" in tags(cell) and not raised:
            raise RunError(f"{place(index)} is tagged raises-exception but raised nothing")
    only_what_repeats(notebook, described)
    with suppress(ChapterError):  # with no notebook, or a broken one, there is nothing to keep
        keep_ignored(notebook, chapter.notebook)
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


def update(name: str, force: bool, into: Path | None = None) -> str:
    """Write one chapter's notebook where it is not what the text says; "" or what to tell."""
    chapter = Chapter(name)
    if not force and is_current(chapter):
        return f"{chapter.path} is what {chapter.source} says; `make -B` runs it all the same"
    try:
        write(run(chapter), into or chapter.path)
    except NoSuchKernel as error:
        raise ChapterError(
            f"{chapter.source}: no kernel {error.name!r} on this machine; "
            "write `name: python3` in its front matter, and install requirements.lock"
        ) from None
    return ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", nargs="?", help="NN_name, or the path of book/NN_name.md")
    parser.add_argument("--force", action="store_true", help="run it whatever its notebook holds")
    parser.add_argument("--into", type=Path, help="write this file, not the one in notebooks/")
    parser.add_argument("--stale", action="store_true", help="list what would be run; run nothing")
    options = parser.parse_args(arguments)
    try:
        if options.stale:
            chapters = [Chapter(name) for name in names()]
            written = [c for c in chapters if c.source.is_file()]
            print(*(c.path for c in written if options.force or not is_current(c)))
        elif options.chapter:
            if told := update(named(options.chapter), options.force, options.into):
                print(f"execute: {told}")
        else:
            parser.error("name a chapter")
    except (RunError, ChapterError) as error:
        print(f"execute: {error}", file=sys.stderr)
        return 1 if isinstance(error, RunError) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
