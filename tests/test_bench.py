"""The benchmark measures what it says, on a book of one chapter and a Makefile of its own."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import bench

MAKEFILE = """
nbval:
\t@for f in $(or $(NOTEBOOKS),notebooks)/*.ipynb; do cat $$f >> $(VENV)/seen; done
\t@echo ---- >> $(VENV)/seen
html:
\t@mkdir -p _build/html/_sources _build/html/book
\t@echo "<!DOCTYPE html><p>Read me.</p>" > _build/html/book/read.html
\t@head -c 2000 /dev/zero > _build/html/a.html
\t@head -c 6000 /dev/zero > _build/html/b.html
\t@head -c 992000 /dev/zero > _build/html/a.js
\t@cp notebooks/*.ipynb _build/html/_sources
"""

CELLS = [
    new_markdown_cell("# Trial"),
    new_code_cell("import sys\nsys.version_info > (3,);"),
    new_code_cell("import time\nfrom os import path"),
    new_code_cell("block = bytearray(200_000_000)\nblock[::4096] = b'x' * len(block[::4096])"),
    new_code_cell("import json\ntime.sleep(0.5)"),
    new_code_cell("%time 1"),
]


@pytest.fixture
def book(tmp_path, monkeypatch):
    """The current folder is a book, and has a virtual environment as far as the bench looks."""
    root, venv = tmp_path / "root", tmp_path / "venv"
    (root / "notebooks").mkdir(parents=True)
    venv.mkdir()
    (venv / "pyvenv.cfg").touch()
    (root / "Makefile").write_text(MAKEFILE)
    monkeypatch.chdir(root)
    path = root / "notebooks" / "01_trial.ipynb"
    nbformat.write(new_notebook(cells=CELLS), path)
    return venv


def test_it_measures_a_book(book, capsys):
    notebook = Path("notebooks/01_trial.ipynb")
    before = notebook.stat().st_mtime_ns
    with ThreadPoolExecutor(1) as apart:  # from the browser of the other tests
        run = apart.submit(bench.main, ["--venv", str(book), "--json", "out/bench.json"])
        assert run.result() == 0
    found = json.loads(Path("out/bench.json").read_text())
    row = found["chapters"]["01_trial"]
    assert 0.5 <= row["seconds"] < 5
    assert 200 < row["memory_mb"] < 600
    assert (found["html"]["site_mb"], found["html"]["median_page_kb"]) == (1.0, 2.0)
    if pages := found["html"]["pages"]:  # there is a browser
        page = pages["book/read.html"]
        assert 0.1 < page["seconds"] < 10 and page["kilobytes"] < 5
    assert {"strict_seconds", "floor_seconds", "ratio"} < set(found)
    assert "01_trial" in capsys.readouterr().out
    whole, least, _ = Path(book, "seen").read_text().split("----")
    assert "bytearray" in whole and "bytearray" not in least and "from os import path" in least
    assert notebook.stat().st_mtime_ns == before and not Path("_build").exists()


def test_setup_and_import_cells_remain_of_a_chapter():
    notebook = new_notebook(cells=list(CELLS))
    assert bench.preparation(notebook) == {1, 2}
    assert bench.preparation(new_notebook(cells=CELLS[:1])) == set()


def test_without_an_environment_it_does_not_begin(book, capsys):
    assert bench.main(["--venv", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("bench: nowhere is no virtual environment;")


def test_without_a_notebook_it_does_not_begin(book, capsys):
    Path("notebooks/01_trial.ipynb").unlink()
    assert bench.main(["--venv", str(book)]) == 2
    assert capsys.readouterr().err == "bench: no notebook in notebooks/; run `make notebooks`\n"


def test_a_book_that_does_not_pass_is_not_measured(book, capsys):
    Path("Makefile").write_text("nbval:\n\t@echo 1 failed; exit 1\n")
    assert bench.main(["--venv", str(book)]) == 1
    assert capsys.readouterr().err.startswith("bench: `make nbval` failed (1 failed); ")
    assert not Path("_build").exists()
