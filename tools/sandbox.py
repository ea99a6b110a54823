"""An empty folder to run a notebook in, and proof that the notebook left nothing behind.

Why it exists: a reader's folder and process table are theirs. `make notebooks` and the nbval run
both start their kernels in such a folder and fail when a file or a process outlives the kernel.
"""

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

MARK = "EXECUTABLE_PYTORCH_RUN"  # children inherit it, so that orphans are found too
GRACE = 3.0  # seconds that processes which are already ending have to end


class LeftBehind(Exception):
    """A run left files or processes behind; the message names them."""


def _processes(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:  # ended meanwhile, or another user's
            continue
    return found


def _living(mark: str) -> list[psutil.Process]:
    end = time.monotonic() + GRACE
    while (left := _processes(mark)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


@contextmanager
def sandbox() -> Iterator[Path]:
    """Yields an empty folder; also the home of temporary files while it is open.

    Start the kernel inside the block and stop it there. Raises LeftBehind on leaving the block
    when files or processes remain; either way they are removed.
    """
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="chapter-") as root:
        work, temporary = Path(root, "work"), Path(root, "tmp")
        work.mkdir()
        temporary.mkdir()
        # importing torch.compile's parts makes a cache folder: PyTorch's doing, not the chapter's
        places = {"TMPDIR": str(temporary), "TORCHINDUCTOR_CACHE_DIR": str(Path(root, "cache"))}
        before = {name: os.environ.get(name) for name in (MARK, *places)}
        os.environ.update({MARK: mark, **places})
        try:
            yield work
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value
            left = _living(mark)
            names = []
            for process in left:
                with suppress(psutil.NoSuchProcess):  # it may end at this very moment
                    names.append(f"process {process.pid} ({process.name()})")
                    process.kill()
        for folder in (work, temporary):
            names += [f"file {p.relative_to(root)}" for p in sorted(folder.rglob("*"))]
        if names:
            raise LeftBehind("left behind: " + ", ".join(names[:8]))
