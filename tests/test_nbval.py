"""The nbval run as `conftest.py` sets it up: pictures count, and nothing may be left behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from site_fixtures import ROOT, png

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
    return tmp_path


def nbval(book: Path, code: str, *outputs: nbformat.NotebookNode) -> tuple[int, str]:
    """Exit code and report of a strict run over one notebook of one cell."""
    cell = new_code_cell(code, execution_count=1, outputs=list(outputs))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, book / "notebooks" / "01_trial.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "notebooks"]
    done = subprocess.run(command, cwd=book, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def picture(gray: int) -> nbformat.NotebookNode:
    data = {
        "image/png": png(4, 4, gray),
        "text/plain": "<IPython.core.display.Image object>",
    }
    return new_output("display_data", data)


def test_a_figure_that_comes_out_as_stored_passes(book: Path) -> None:
    code, report = nbval(book, SHOW.format(picture=png(4, 4, 100)), picture(100))
    assert code == 0, report


def test_a_figure_that_comes_out_otherwise_fails_and_names_its_cell(book: Path) -> None:
    code, report = nbval(book, SHOW.format(picture=png(4, 4, 101)), picture(100))
    assert code == 1, report
    assert "notebooks/01_trial.ipynb::Cell 0" in report
    assert "Cell outputs differ" in report


def test_a_file_left_behind_fails_and_is_named(book: Path) -> None:
    code, report = nbval(book, "open('forgotten.txt', 'w').close()")
    assert code == 1, report
    assert "left behind: file work/forgotten.txt" in report
