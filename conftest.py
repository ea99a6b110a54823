"""How nbval runs the notebooks: figures are compared too, in a sandbox, leaving nothing behind.

Why it exists: nbval leaves PNG images out of its comparison, runs a notebook in the folder it lies
in, where a forgotten file goes unnoticed, and tells of a fault in the terms of its own internals. A
chapter's pictures are claims like its numbers, and what is edited is its text.
"""

import time
from contextlib import ExitStack
from queue import Empty

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel

from tools import figures
from tools.chapters import Chapter, ChapterError
from tools.execute import error_line
from tools.sandbox import LeftBehind, sandbox

LOOK = 1.0  # seconds between two looks at whether a silent kernel is alive


class KernelDied(Exception):
    """The kernel ended while a cell ran."""


class SandboxKernel(RunningKernel):
    """A kernel in a sandbox; stopping it raises LeftBehind where something remains."""

    def __init__(self, kernel_name: str, cwd: str | None = None, startup_timeout: int = 60) -> None:
        self.started: list[tuple[float, int]] = []
        self._sandbox = ExitStack()
        folder = self._sandbox.enter_context(sandbox())
        super().__init__(kernel_name, cwd=str(folder), startup_timeout=startup_timeout)

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        self.started.append((time.time(), len(self.started) + 1))
        return super().execute_cell_input(cell_input, allow_stdin)

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        """As nbval's, but a kernel that died is not waited for."""
        end = time.monotonic() + (timeout or 0)
        while True:
            left = LOOK if timeout is None else min(LOOK, max(end - time.monotonic(), 0))
            try:
                return super().get_message(stream, timeout=left)
            except Empty:
                if not self.is_alive():
                    raise KernelDied from None
                if timeout is not None and time.monotonic() >= end:
                    raise

    def stop(self) -> None:
        if self.is_alive():
            super().stop()
        self._sandbox.close()


class Notebook(nbval.plugin.IPyNbFile):
    """A notebook whose faults are told at the lines of its text."""

    died = False

    def place(self, number: int, line: int = 0) -> str:
        """Where an author finds a code cell, counted from 1."""
        try:
            where = Chapter(self.path.stem).code_at(number, line)
        except ChapterError:  # a notebook of no chapter
            where = str(self.path.relative_to(self.config.rootpath))
        return f"{where}: code cell {number}"

    def setup(self) -> None:
        super().setup()
        self.skip_compare = tuple(kind for kind in self.skip_compare if kind != "image/png")

    def teardown(self) -> None:
        told = ""
        try:
            if self.kernel is not None:
                self.kernel.stop()
        except LeftBehind as error:
            where = self.place(error.cell(self.kernel.started))
            told = f"{where}: {error}; end and remove them in the chapter"
        if told:
            pytest.fail(told, pytrace=False)


class Cell(nbval.plugin.IPyNbCell):
    """A code cell; its failure begins with the line that an author edits."""

    def setup(self) -> None:
        if self.parent.died:
            pytest.skip("the kernel died in an earlier cell")
        super().setup()

    def runtest(self) -> None:
        try:
            super().runtest()
        except KernelDied:
            self.parent.died = True
            raise

    def format_output_compare(self, key: str, left: str, right: str) -> None:
        if key != "image/png":
            super().format_output_compare(key, left, right)
            return
        name = f"{self.parent.path.stem}-{self.cell_num + 1}"
        written = figures.write(name, left, right)
        self.comparison_traceback.append(f"its figure came out otherwise: {written}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo) -> str:
        error = excinfo.value
        if isinstance(error, KernelDied):
            return f"{self.parent.place(self.cell_num + 1)} killed its kernel"
        if not isinstance(error, nbval.plugin.NbCellError):
            return str(error)
        number, trace = self.cell_num + 1, error.inner_traceback or ""
        place = self.parent.place(number, error_line(number, trace))
        return f"{place}: {error}\n{trace.strip()}"


nbval.plugin.RunningKernel = SandboxKernel


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, nbval.plugin.IPyNbCell):  # nbval makes its own classes, by name
        item.__class__, item.parent.__class__ = Cell, Notebook
