"""What an author calls: a chapter begun, its code formatted, its page shown while it is written."""

import json
import threading
import urllib.request
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from site_fixtures import ROOT

from tools import check, format, new, preview
from tools.chapters import Chapter, read_source

TOC = """format: jb-book
root: book/index
parts:
  - caption: Tensors
    chapters:
      - file: notebooks/10_tensors
      - file: notebooks/14_math
  - caption: Losses
    chapters:
      - file: notebooks/40_losses
"""
OUTPUTS = {2: "tensor([0, 2, 4])", 4: "tensor([2, 4])"}


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty book in the current folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("book", "notebooks"):
        Path(folder).mkdir()
    Path("pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    Path("book/index.md").write_text("# Book\n")
    Path("_toc.yml").write_text(TOC)
    return tmp_path


def executed(name: str) -> nbformat.NotebookNode:
    """What `make notebooks` would make of a new chapter."""
    notebook = read_source(Path(f"book/{name}.md"))
    for number, cell in enumerate(preview.code(notebook), 1):
        cell.execution_count = number
        if number in OUTPUTS:
            data = {"text/plain": OUTPUTS[number]}
            cell.outputs = [new_output("execute_result", data, execution_count=number)]
    return notebook


# --- make new -----------------------------------------------------------------------------------


def test_a_new_chapter_passes_the_checks_once_it_was_run(book: Path, capsys) -> None:
    Path("_toc.yml").write_text("root: book/index\nparts:\n")
    assert new.main(["50_data_sets", "--part", "Data"]) == 0
    nbformat.write(executed("50_data_sets"), "notebooks/50_data_sets.ipynb")
    code = check.main([])
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "part", "above"),
    [
        ("12_shapes", "", "      - file: notebooks/10_tensors"),
        ("16_random", "", "      - file: notebooks/14_math"),
        ("20_autograd", "Autograd", "    chapters:"),
        ("50_datasets", "Data", "    chapters:"),
    ],
)
def test_a_new_chapter_is_listed_in_its_place(book: Path, name, part, above) -> None:
    assert new.main([name, "--part", part]) == 0
    lines = Path("_toc.yml").read_text().splitlines()
    place = lines.index(f"      - file: notebooks/{name}")
    assert lines[place - 1] == above
    numbers = [line[-12:] for line in lines if "notebooks/" in line]
    assert len(numbers) == 4 and len(lines) == 11 + 2 * bool(part)
    listed = [line.partition("notebooks/")[2] for line in lines if "notebooks/" in line]
    assert listed == sorted(listed)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "no name: a chapter's name is two digits"),
        ("losses", "losses: a chapter's name is two digits"),
        ("20_autograd", "no chapter 2x in _toc.yml yet; name the part"),
        ("10_other", "book/10_tensors.md: has that place already"),
        ("10_tensors", "book/10_tensors.md: is there already"),
    ],
)
def test_a_chapter_that_cannot_begin_is_told(book: Path, capsys, name, told) -> None:
    Path("book/10_tensors.md").touch()
    before = sorted(book.rglob("*"))
    assert new.main([name]) == 2
    assert capsys.readouterr().err.startswith(f"new: {told}")
    assert sorted(book.rglob("*")) == before and Path("_toc.yml").read_text() == TOC


# --- make format --------------------------------------------------------------------------------


def test_code_cells_are_formatted_and_nothing_else(book: Path, capsys) -> None:
    assert new.main(["15_precision"]) == new.main(["16_random"]) == 0
    text = Path("book/15_precision.md")
    good = text.read_text()
    bad = good.replace("torch.arange(3) * 2", "torch.arange( 3 )*2")
    bad = bad.replace("    return 2 * x\n\n\ndoubled", "    return 2*x\ndoubled")
    prose = "\n```python\nx=1\n```\n\n$a  b$ \n"
    text.write_text(bad + prose)
    capsys.readouterr()
    assert format.main([]) == 0
    assert text.read_text() == good + prose
    assert capsys.readouterr().out.startswith("format: book/15_precision.md: formatted")
    assert format.main(["15_precision"]) == 0
    assert capsys.readouterr().out == ""


def test_code_that_is_no_python_is_told(book: Path, capsys) -> None:
    assert new.main(["15_precision"]) == 0
    text = Path("book/15_precision.md")
    text.write_text(text.read_text().replace("torch.arange(3) * 2", "torch.arange(3) * * 2"))
    before = text.read_text()
    assert format.main([]) == 2
    told = capsys.readouterr().err
    assert told.startswith("format: book/15_precision.md:29: ") and told.endswith("mend the code\n")
    assert text.read_text() == before


# --- make preview -------------------------------------------------------------------------------


@pytest.fixture
def chapter(book: Path) -> Path:
    assert new.main(["15_precision"]) == 0
    nbformat.write(executed("15_precision"), "notebooks/15_precision.ipynb")
    return Path("book/15_precision.md")


def shown(chapter: Path) -> tuple[list[str], int]:
    """What stands below each code cell of the preview, stale ones with a mark; what must run."""
    stored = Chapter("15_precision").notebook
    notebook, changed = preview.with_outputs(read_source(chapter), stored)
    found = []
    for cell in preview.code(notebook):
        text = cell.outputs[0].data["text/plain"] if cell.outputs else ""
        found.append(text + "?" * (preview.STALE in cell.metadata.get("tags", [])))
    return found, changed


def test_prose_keeps_all_outputs(chapter: Path) -> None:
    chapter.write_text(chapter.read_text().replace("# A heading", "# Another heading"))
    assert shown(chapter) == (["", "tensor([0, 2, 4])", "", "tensor([2, 4])"], 0)


def test_code_from_the_first_change_on_is_stale(chapter: Path) -> None:
    text = chapter.read_text()
    chapter.write_text(text.replace("arange(3) * 2", "arange(4) * 2"))
    assert shown(chapter) == (["", "?", "?", "tensor([2, 4])?"], 2)
    chapter.write_text(text.replace("```{code-cell}\ntorch.arange(3) * 2\n```\n", ""))
    assert shown(chapter) == (["", "?", "tensor([2, 4])?"], 2)


def test_a_chapter_that_never_ran_is_stale_from_the_first_cell_on(chapter: Path) -> None:
    notebook, changed = preview.with_outputs(read_source(chapter), None)
    assert changed == 1 and not any(cell.outputs for cell in preview.code(notebook))


class FakeRun:
    """A run that ends at once with a message, or with the chapter executed."""

    def __init__(self, told: str) -> None:
        self.told, self.begun, self.process = told, 0, None
        self.made = Path("made.ipynb")

    def begin(self) -> None:
        self.begun, self.process = self.begun + 1, object()

    def result(self) -> str:
        self.process = None
        nbformat.write(executed("15_precision"), self.made)
        return self.told


def no_page(name: str, notebook: nbformat.NotebookNode) -> None:
    pass


def test_changed_code_is_run_once_and_its_outputs_stay(chapter: Path, monkeypatch) -> None:
    monkeypatch.setattr(preview, "build", no_page)
    page = preview.Preview("15_precision")
    page.run = FakeRun("")
    page.show()
    assert page.run.begun == 0 and page.state() == {"page": 1, "told": ""}
    chapter.write_text(chapter.read_text().replace("arange(3) * 2", "arange(3) * 2  # twice"))
    page.show()
    assert page.run.begun == 1 and page.told == "code cell 2 and those below are being run"
    page.finish()
    assert page.state() == {"page": 3, "told": ""} and page.run.begun == 1


def test_a_run_that_fails_is_told_and_not_tried_again(chapter: Path, monkeypatch) -> None:
    monkeypatch.setattr(preview, "build", no_page)
    page = preview.Preview("15_precision")
    page.run = FakeRun("execute: book/15_precision.md:31: code cell 2 raised NameError")
    chapter.write_text(chapter.read_text().replace("arange(3) * 2", "arrange(3)"))
    page.show()
    page.finish()
    assert page.told.endswith("code cell 2 raised NameError")
    page.show()
    assert page.run.begun == 1 and page.told.endswith("code cell 2 raised NameError")
    chapter.write_text(chapter.read_text().replace("arrange(3)", "range(3)"))
    page.show()
    assert page.run.begun == 2


def test_text_that_is_no_chapter_is_told_until_it_is_mended(chapter: Path, monkeypatch) -> None:
    monkeypatch.setattr(preview, "build", no_page)
    page, good = preview.Preview("15_precision"), chapter.read_text()
    chapter.write_text("# No front matter\n")
    page.show()
    assert page.page == 0 and "no front matter" in page.told
    chapter.write_text(good)
    page.show()
    assert page.state() == {"page": 1, "told": ""}


def test_the_page_asks_whether_there_is_a_newer_one(chapter: Path) -> None:
    Path("html").mkdir()
    Path("html/a.html").write_text("<body>Hello</body>")
    page = preview.Preview("15_precision")
    handler = partial(preview.Handler, directory="html", preview=page)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        text = urllib.request.urlopen(f"{address}/a.html").read().decode()
        state = json.load(urllib.request.urlopen(address + preview.STATE))
        server.shutdown()
    assert text.startswith("<body>Hello") and preview.STATE in text
    assert state == {"page": 0, "told": ""}


@pytest.mark.parametrize(("name", "told"), [("", "name a chapter"), ("77_no", "no such chapter")])
def test_a_preview_that_cannot_begin_is_told(chapter: Path, capsys, name, told) -> None:
    assert preview.main([name]) == 2
    assert capsys.readouterr().err.startswith(f"preview: {told}")
