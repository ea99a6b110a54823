"""Measure the book: how long it takes to check, to build and to load. `make bench`.

Why it exists: the book promises limits (seconds a chapter, minutes for the strict run, a light
site). This is a measurement, not a test; close other programs, and compare runs of one machine.

Exit code: 0 measured; 1 the book does not pass, so its times mean nothing; 2 it could not begin.
"""

import argparse
import ast
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbformat import NotebookNode

from tools import load
from tools.chapters import NOTEBOOKS, ChapterError, read_notebook
from tools.execute import CELL_TIMEOUT
from tools.sandbox import sandbox

SAMPLING = 0.1  # seconds between two looks at the memory


class BenchError(Exception):
    """A step of the measurement failed; the message is one line."""


def make(target: str, venv: Path, *variables: str, folder: Path = Path()) -> float:
    """Seconds that `make target` takes. Raises BenchError where it fails."""
    command, begun = ["make", target, f"VENV={venv}", *variables], time.perf_counter()
    # Called by make itself, it would inherit that run's flags, and tell of the folders it enters.
    alone = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip(" =-")]
        reason = lines[-1][:120] if lines else "no output"
        raise BenchError(f"`make {target}` failed ({reason}); run it and mend the book")
    return time.perf_counter() - begun


def only_imports(code: str) -> bool:
    try:
        body = ast.parse(code).body
    except SyntaxError:  # a magic command is no import
        return False
    return bool(body) and all(isinstance(line, ast.Import | ast.ImportFrom) for line in body)


def preparation(notebook: NotebookNode) -> set[int]:
    """Indices of the cells that any use of a chapter needs: the setup cell and imports."""
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return {i for i in code if i == code[0] or only_imports(notebook.cells[i].source)}


def floor(paths: list[Path], venv: Path) -> float:
    """Seconds of the strict run over the same notebooks without their content."""
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        for path in paths:
            notebook = read_notebook(path)
            kept = preparation(notebook)
            notebook.cells = [cell for i, cell in enumerate(notebook.cells) if i in kept]
            nbformat.write(notebook, Path(folder, path.name))
        return make("nbval", venv, f"NOTEBOOKS={folder}")


def memory(process: psutil.Process) -> int:
    """Bytes that a process holds; pages shared with others in part, where that is known."""
    full = process.memory_full_info()
    return getattr(full, "pss", full.rss)


def watch(client: NotebookClient, peak: list[int], done: threading.Event) -> None:
    """Keep the greatest memory of the client's kernel and its children until told to end."""
    while not done.wait(SAMPLING):
        if pid := getattr(getattr(client.km, "provisioner", None), "pid", None):
            with suppress(psutil.Error):  # one that ends meanwhile costs one look
                kernel = psutil.Process(pid)
                tree = [kernel, *kernel.children(recursive=True)]
                peak[0] = max(peak[0], sum(map(memory, tree)))


def chapter(path: Path) -> dict[str, float]:
    """Seconds beyond the imports, and peak memory in MB, of one chapter run alone."""
    notebook = read_notebook(path)
    prepared, started, beyond = preparation(notebook), [0.0], [0.0]

    def start(cell: NotebookNode, cell_index: int) -> None:
        started[0] = time.perf_counter()

    def end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        if cell_index not in prepared:
            beyond[0] += time.perf_counter() - started[0]

    peak, done = [0], threading.Event()
    with sandbox() as folder:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=start,
            on_cell_executed=end,
        )
        watcher = threading.Thread(target=watch, args=(client, peak, done), daemon=True)
        watcher.start()
        try:
            client.execute()
        except Exception as error:  # whatever stops a chapter, its time means nothing
            reason = " ".join(str(error).split())[-120:]
            raise BenchError(f"{path}: does not run ({reason}); run `make nbval`") from error
        finally:
            done.set()
            watcher.join()
    return {"seconds": round(beyond[0], 2), "memory_mb": round(peak[0] / 1e6)}


def site(venv: Path, touched: Path) -> dict[str, float]:
    """Seconds of `make html`, clean and after one chapter changed, and the site's weight.

    On a copy of the tree, so that nobody's build or file times change.
    """
    with tempfile.TemporaryDirectory(prefix="site-") as root:
        copy = Path(root, "book")
        shutil.copytree(".", copy, ignore=shutil.ignore_patterns("_build", ".*", venv.name))
        clean = make("html", venv, folder=copy)
        os.utime(copy / touched)
        again = make("html", venv, folder=copy)
        html = copy / "_build" / "html"
        files = [p for p in html.rglob("*") if p.is_file() and p.suffix != ".ipynb"]
        pages = [p.stat().st_size for p in files if p.suffix == ".html"]
        index = [len(load.compressed(p)) for p in files if p.name == "search-index.js"]
        return {
            "clean_seconds": round(clean, 1),
            "one_chapter_seconds": round(again, 1),
            "site_mb": round(sum(p.stat().st_size for p in files) / 1e6, 2),
            "median_page_kb": round(statistics.median(pages or [0]) / 1e3, 1),
            "search_index_kb": round(sum(index) / 1e3, 1),
            "pages": load.measure(html, load.pages_of(html)),
        }


def measure(paths: list[Path], venv: Path) -> dict:
    strict, least = make("nbval", venv), floor(paths, venv)
    return {
        "strict_seconds": round(strict, 1),
        "floor_seconds": round(least, 1),
        "ratio": round(strict / least, 2),
        "chapters": {path.stem: chapter(path) for path in paths},
        "html": site(venv, paths[0]),
    }


def table(found: dict) -> str:
    html = found["html"]
    rows = [
        ("strict nbval, whole book", found["strict_seconds"], "s"),
        ("  its floor: imports alone", found["floor_seconds"], "s"),
        ("  ratio", found["ratio"], ""),
        ("make html, clean", html["clean_seconds"], "s"),
        ("make html, one chapter touched", html["one_chapter_seconds"], "s"),
        ("site without notebooks", html["site_mb"], "MB"),
        ("median page", html["median_page_kb"], "KB"),
        ("index of the search, compressed", html["search_index_kb"], "KB"),
    ]
    lines = [f"{what:32}{value:9.2f} {unit}".rstrip() for what, value, unit in rows]
    lines += ["", f"{'chapter':32}{'beyond imports':>15}{'peak memory':>15}"]
    for name, row in found["chapters"].items():
        lines.append(f"{name:32}{row['seconds']:13.2f} s{row['memory_mb']:12.0f} MB")
    if pages := html["pages"]:
        slow = load.summary(pages)
        lines += ["", f"{load.DESCRIPTION:32}{'first paint':>15}{'before scrolling':>19}"]
        for name, row in [*pages.items(), *slow.items()]:
            lines.append(f"{name:32}{row['seconds']:13.2f} s{row['kilobytes']:16.0f} KB")
    else:
        lines += ["", "no browser: what a phone waits for was not measured"]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, default=Path("_build/bench.json"), metavar="FILE")
    parser.add_argument("--venv", type=Path, default=Path(sys.prefix), help="default: this one")
    options = parser.parse_args(arguments)
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    venv = options.venv.absolute()
    reason = ""
    if not (venv / "pyvenv.cfg").is_file():
        reason = f"{options.venv} is no virtual environment; run `make bench`, which has one"
    elif not paths:
        reason = f"no notebook in {NOTEBOOKS}/; run `make notebooks`"
    if reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 2
    try:
        found = measure(paths, venv)
    except (BenchError, ChapterError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(table(found))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
