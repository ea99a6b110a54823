"""How nbval runs the notebooks: figures are compared too, in an empty folder, leaving nothing.

Why it exists: nbval leaves PNG images out of its comparison, and runs a notebook in the folder it
lies in, where a forgotten file goes unnoticed. A chapter's pictures are claims like its numbers.
"""

from contextlib import ExitStack

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel

from tools.sandbox import sandbox


class SandboxKernel(RunningKernel):
    """A kernel that starts in an empty folder; stopping it raises LeftBehind if it isn't empty."""

    def __init__(self, kernel_name: str, cwd: str | None = None, startup_timeout: int = 60) -> None:
        self._sandbox = ExitStack()
        folder = self._sandbox.enter_context(sandbox())
        super().__init__(kernel_name, cwd=str(folder), startup_timeout=startup_timeout)

    def stop(self) -> None:
        super().stop()
        self._sandbox.close()


nbval.plugin.RunningKernel = SandboxKernel


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, nbval.plugin.IPyNbCell):
            notebook = item.parent
            notebook.skip_compare = tuple(k for k in notebook.skip_compare if k != "image/png")
