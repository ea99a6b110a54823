"""Where a chapter runs: a folder and an environment of its own, and proof that it left nothing.

Why it exists: a chapter must come out the same whatever the machine's settings are, and a reader's
folders and process table are theirs. Every run of the book (`make notebooks`, nbval, `make bench`)
starts its kernel in here. This is the one place that says what a run's environment is.
"""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tools.guard import ROOM

MARK = "EXECUTABLE_PYTORCH_RUN"  # children inherit it, so that orphans are found too
CLOCK = 0.004  # seconds by which the system's times of files may lag
GRACE = 3.0  # seconds that processes which are already ending have to end
SHARED = Path("/dev/shm")
CACHE = Path(__file__).resolve().parents[1] / "_build" / "cache"  # what is slow to make anew
GUARD = Path(__file__).with_name("guard.py")

# A run takes these from outside, and nothing else: what it needs to start programs at all.
INHERITED = {
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS"),
}

# The same on all x86-64 processors with AVX2: no GPU, one thread, no wider instructions. Sums are
# added up in another order otherwise, and training amplifies the difference.
PROCESSOR = {
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}

NOWHERE = "http://127.0.0.1:9"
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"), NOWHERE)


class LeftBehind(Exception):
    """A run left files or processes behind: what, and when each was made."""

    def __init__(self, found: list[tuple[str, float]]) -> None:
        super().__init__("left behind: " + ", ".join(what for what, _ in found[:8]))
        self.first = min(made for _, made in found)

    def cell(self, started: list[tuple[float, int]]) -> int:
        """Which cell made the first of it, of cells with the time at which each began."""
        return max((c for c in started if c[0] <= self.first + CLOCK), default=started[0])[1]


def environment(root: Path, mark: str) -> dict[str, str]:
    """The whole environment of a run whose folders lie in `root`."""
    home, temporary, own = str(root / "home"), str(root / "tmp"), root / "own"
    outside = {name: value for name, value in os.environ.items() if name.upper() in INHERITED}
    bin_ = str(Path(sys.executable).parent)
    return outside | {
        "PATH": os.pathsep.join([bin_, outside.get("PATH", os.defpath)]),
        **PROCESSOR,
        **{name: NOWHERE for proxy in OFFLINE for name in (proxy, proxy.upper())},
        "no_proxy": "localhost,127.0.0.1,::1",
        "NO_PROXY": "localhost,127.0.0.1,::1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": home,
        "USERPROFILE": home,
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary),
        # What kernel and packages keep for themselves is not the chapter's doing.
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "TORCHINDUCTOR_CACHE_DIR": str(own / "inductor"),
        "MPLCONFIGDIR": str(CACHE / "matplotlib"),
        "MPLBACKEND": "",
        "PYTHONWARNINGS": "",
        "PYTHONPATH": str(own / "site"),
        MARK: mark,
        ROOM: os.pathsep.join([str(root), str(CACHE)]),
    }


def _mine(process: psutil.Process, mark: str, root: Path) -> bool:
    """Whether a run started a process: by its mark, or by its folder where that was taken off."""
    with suppress(psutil.Error):
        if process.environ().get(MARK) == mark:
            return True
    with suppress(psutil.Error):
        return Path(process.cwd()).is_relative_to(root)
    return False


def _processes(mark: str, root: Path) -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if p.pid != os.getpid() and _mine(p, mark, root)]


def _began(process: psutil.Process) -> float:
    """When a process began; the system tells it from a start that it knows to the second only."""
    began = process.create_time()
    if sys.platform != "linux":
        return began
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + began - psutil.boot_time()


def _shared() -> set[Path]:
    return set(SHARED.iterdir()) if SHARED.is_dir() else set()


def _in_use() -> str:
    """Everything that some living process has mapped, or open."""
    seen = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or another user's
            seen.append((process / "maps").read_text(errors="replace"))
            seen += [str(file.readlink()) for file in (process / "fd").iterdir()]
    return "\n".join(seen)


def _forgotten(before: set[Path]) -> list[Path]:
    """New shared memory that nobody holds; other runs make theirs at the same time."""
    new = []
    for path in _shared() - before:
        with suppress(OSError):
            if path.stat().st_uid == os.getuid():
                new.append(path)
    used = _in_use() if new else ""
    return sorted(path for path in new if str(path) not in used)


def _settled(look: Callable[[], list]) -> list:
    """What is still there when all that was about to end has ended."""
    end = time.monotonic() + GRACE
    while (left := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return left


@contextmanager
def _only(wanted: dict[str, str]) -> Iterator[None]:
    """This process has the wanted environment, and what pytest notes in it, while it is open."""
    before = dict(os.environ)

    def replace(new: dict[str, str]) -> None:
        pytest = {k: v for k, v in os.environ.items() if k.startswith("PYTEST_")}
        os.environ.clear()
        os.environ.update({k: v for k, v in new.items() if not k.startswith("PYTEST_")} | pytest)

    replace(wanted)
    try:
        yield
    finally:
        replace(before)


@contextmanager
def sandbox() -> Iterator[Path]:
    """Yields an empty folder; while it is open, this process has the environment of a run.

    Start the kernel inside the block and stop it there. Raises LeftBehind on leaving the block
    when files or processes remain; either way they are removed.
    """
    mark, shared = uuid.uuid4().hex, _shared()
    (CACHE / "matplotlib").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chapter-") as name:
        root = Path(name).resolve()
        for part in ("work", "home", "tmp", "own/site"):
            (root / part).mkdir(parents=True)
        shutil.copy(GUARD, root / "own" / "site" / "sitecustomize.py")
        found: list[tuple[str, float]] = []
        with _only(environment(root, mark)):
            try:
                yield root / "work"
            finally:
                for process in _settled(lambda: _processes(mark, root)):
                    with suppress(psutil.NoSuchProcess):  # it may end at this very moment
                        what = f"process {process.pid} ({process.name()})"
                        found.append((what, _began(process)))
                        process.kill()
        expected = {root / part for part in ("work", "home", "tmp", "own")}
        files = sorted(p for p in root.rglob("*") if root / "own" not in (p, *p.parents))
        found += [
            (f"file {p.relative_to(root)}", p.lstat().st_ctime) for p in files if p not in expected
        ]
        for path in _settled(lambda: _forgotten(shared)):
            found.append((f"shared memory {path}", path.stat().st_ctime))
            path.unlink()
        if found:
            raise LeftBehind(found)
