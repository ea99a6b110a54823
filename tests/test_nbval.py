"""The nbval run as `conftest.py` sets it up: pictures count, nothing may be left behind, and a
fault is told in a line or two that name the text."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from site_fixtures import ROOT, png

HEAD = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Trial

"""
SHOW = (
    "from base64 import b64decode\n"
    "from IPython.display import Image, display\n"
    "display(Image(data=b64decode('{picture}')))"
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A folder with the repository's conftest.py and tools, and an empty notebooks/."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book").mkdir()
    return tmp_path


def nbval(book: Path, *cells: nbformat.NotebookNode) -> tuple[int, str]:
    """Exit code and report of a strict run over one notebook, with its text where that can be."""
    text = HEAD + "".join(f"```{{code-cell}}\n{cell.source}\n```\n\n" for cell in cells)
    (book / "book" / "01_trial.md").write_text(text)
    for number, cell in enumerate(cells, 1):
        cell.execution_count = number
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
    nbformat.write(notebook, book / "notebooks" / "01_trial.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q"]
    command += ["--nbval-cell-timeout=60", "--color=no", "notebooks"]
    done = subprocess.run(command, cwd=book, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def picture(gray: int) -> nbformat.NotebookNode:
    data = {
        "image/png": png(4, 4, gray),
        "text/plain": "<IPython.core.display.Image object>",
    }
    return new_output("display_data", data)


def value(text: str) -> nbformat.NotebookNode:
    return new_output("execute_result", {"text/plain": text}, execution_count=1)


def test_a_figure_that_comes_out_as_stored_passes(book: Path) -> None:
    code, report = nbval(
        book, new_code_cell(SHOW.format(picture=png(4, 4, 9)), outputs=[picture(9)])
    )
    assert code == 0, report


def test_a_figure_that_comes_out_otherwise_is_written_beside_the_old_one(book: Path) -> None:
    show = new_code_cell(SHOW.format(picture=png(4, 4, 101)), outputs=[picture(100)])
    code, report = nbval(book, new_code_cell("x = 1"), show)
    assert code == 1 and len(report.splitlines()) < 14, report
    assert "book/01_trial.md:15: code cell 2: Cell outputs differ" in report
    assert "its figure came out otherwise: 100.0% of its pixels; see _build/figures/" in report
    written = {p.name: p.read_bytes() for p in (book / "_build" / "figures").iterdir()}
    assert set(written) == {f"01_trial-2-{kind}.png" for kind in ("old", "new", "difference")}
    assert written["01_trial-2-old.png"] != written["01_trial-2-new.png"]


def test_a_changed_text_is_told_at_its_line(book: Path) -> None:
    code, report = nbval(book, new_code_cell("1 + 1", outputs=[value("3")]))
    assert code == 1 and "book/01_trial.md:11: code cell 1: Cell outputs differ" in report, report


def test_a_file_left_behind_is_told_at_its_line(book: Path) -> None:
    leave = new_code_cell("open('forgotten.txt', 'w').close()\nimport time; time.sleep(0.1)")
    code, report = nbval(book, new_code_cell("x = 1"), leave, new_code_cell("x = 2"))
    assert code == 1 and len(report.splitlines()) < 10, report
    assert "book/01_trial.md:15: code cell 2: left behind: file work/forgotten.txt" in report


def test_a_killed_kernel_is_told_at_once(book: Path) -> None:
    kill = new_code_cell("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    begun = time.monotonic()
    code, report = nbval(book, new_code_cell("x = 1"), kill, new_code_cell("x = 2"))
    assert time.monotonic() - begun < 45
    assert code == 1 and len(report.splitlines()) < 10, report
    assert "book/01_trial.md:15: code cell 2 killed its kernel" in report
    assert "1 failed, 1 passed, 1 skipped" in report
