"""Every check finds the fault it is for, and a book in order passes."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from tools import check
from tools.chapters import Chapter, notebook_of, read_source

ROOT = Path(__file__).parents[1]

SAMPLE = r"""---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Sample chapter

A formula $\frac{a}{b}$`code`, a picture from ![the web](https://example.org/a.png), see
[the table](#summary) and [details again](01_sample.ipynb#details-1).

**You will learn**

- to count

**You need** nothing.

```{code-cell}
import math
```

## Counting

> **Watch out.** Counting *starts* at
> zero, see [math](https://docs.python.org/3/library/math.html).

```python
# not a heading
```

```{code-cell}
list(range(5))
```

```{code-cell}
:tags: [raises-exception]

math.sqrt(-1)
```

### Details

```{code-cell}
---
tags: [stepper, hide-input]
mystnb:
  image:
    alt: a line that rises
---
for step in 1, 2:
    show(step)
```

## Drawing

### Details

```{code-cell}
print("Drawing lines")
```

## Summary

| you want | write | |
|---|---|---|
| count | `range` | |

## Exercises

```{code-cell}
def f(x): ...  # your code here


f(1)
```

## Solutions

Add one.

```{code-cell}
:tags: [hide-cell]

def f(x):
    return x + 1


f(1)
```

## Where next

To [the sections above](01_sample.ipynb#counting).
"""

GOOD = "- id: a\n  section: 01_sample#counting\n  evidence: '[0, 1, 2, 3, 4]'\n"

FIGURE = {"image/png": "aGVsbG8=", "text/plain": "<Figure>"}
DRIVER = (
    "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and "
    "installed a driver from http://www.nvidia.com/Download/index.aspx"
)


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def value(text):
    return new_output("execute_result", {"text/plain": text}, execution_count=None)


class Sample:
    """A book of one chapter in the current folder; `outputs` by number of the code cell."""

    name = "01_sample"

    def __init__(self):
        for folder in ("book", "notebooks", "tests/concordance"):
            Path(folder).mkdir(parents=True)
        shutil.copy(ROOT / "pyproject.toml", "pyproject.toml")
        Path("book/index.md").write_text("# Book\n")
        self.toc("notebooks/01_sample")
        self.rows(GOOD)
        figure = new_output("display_data", {"image/png": "aGVsbG8=", "text/plain": "<Figure>"})
        error = new_output("error", ename="ValueError", evalue=DRIVER, traceback=[DRIVER])
        self.outputs = {
            2: [value("[0, 1, 2,\n 3, 4]")],
            3: [error],
            4: [printed("step 1\n"), figure, printed("step 2\n"), figure],
            5: [printed("Drawing lines\ntensor([0.5], device='cpu') 0xff\n")],
            7: [value("2")],
        }
        self.counts = {}
        self.text = SAMPLE
        self.write()

    def toc(self, *files):
        chapters = "".join(f"  - file: {name}\n" for name in files)
        Path("_toc.yml").write_text(f"root: book/index\nparts:\n- chapters:\n{chapters}")

    def copy(self, name):
        """A second chapter of the same text."""
        source = Path(f"book/{name}.md")
        source.write_text(self.text.replace(self.name, name))
        nbformat.write(self.made(source), notebook_of(source))
        self.toc(f"notebooks/{self.name}", f"notebooks/{name}")

    def rows(self, text):
        Path("tests/concordance/01_sample.yml").write_text(text)

    def edit(self, old, new):
        assert old in self.text
        self.text = self.text.replace(old, new)
        self.write()

    def output(self, number, *outputs):
        self.outputs[number] = list(outputs)
        self.write()

    def made(self, source):
        notebook = read_source(source)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(code, 1):
            cell.execution_count = self.counts.get(number, number)
            cell.outputs = self.outputs.get(number, [])
        return notebook

    def write(self):
        source = Path(f"book/{self.name}.md")
        source.write_text(self.text)
        nbformat.write(self.made(source), notebook_of(source))


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Sample()


def found(capsys, *names):
    """The problems that the program prints; its exit code must fit them."""
    code = check.main(list(names))
    lines = capsys.readouterr().out.splitlines()
    assert code == (0 if lines[-1].endswith(": all in order") else 1), lines
    return [] if code == 0 else lines


def one(capsys, *fragments, names=()):
    """There is exactly one problem, and its line holds all fragments."""
    lines = [line for line in found(capsys, *names) if not line.startswith("    ")]
    assert len(lines) == 1, lines
    for fragment in fragments:
        assert fragment in lines[0]


def line_of(text, fragment):
    return text.partition(fragment)[0].count("\n") + 1


def test_a_book_in_order_passes(book, capsys):
    assert check.main([]) == 0
    summary = "check: 1 chapter, 7 code cells, 5 outputs, 1 rows: all in order\n"
    assert capsys.readouterr().out == summary
    assert check.main(["01_sample"]) == check.main(["book/01_sample.md"]) == 0


# --- bad input ----------------------------------------------------------------------------------


def test_an_unknown_chapter_is_bad_input(book, capsys):
    assert check.main(["07_nothing"]) == 2
    assert capsys.readouterr().err == "check: no such chapter: 07_nothing; there is: 01_sample\n"


@pytest.mark.parametrize("name", ["1_sample", "01", "book/1_sample.md"])
def test_a_name_without_its_part_is_told(book, capsys, name):
    assert check.main([name]) == 2
    told = capsys.readouterr().err
    assert "two digits, its part and its place, and a word" in told
    assert told.endswith("there is: 01_sample\n")


def test_cells_of_the_same_lines_are_told_apart(book):
    book.edit("list(range(5))\n", "x = 1\nmath.pi\nx = 2\n")
    book.edit(":tags: [raises-exception]\n\nmath.sqrt(-1)", "math.pi")
    lines = book.text.splitlines()
    chapter = Chapter("01_sample")
    assert lines[int(chapter.code_at(3).rpartition(":")[2]) - 1] == "math.pi"
    assert lines[int(chapter.code_at(3).rpartition(":")[2]) - 2] == "```{code-cell}"


@pytest.mark.parametrize("path", ["_toc.yml", "tests/concordance/01_sample.yml"])
def test_malformed_yaml_is_bad_input(book, capsys, path):
    Path(path).write_text("- id: a\n  evidence: 'never closed\n")
    assert check.main([]) == 2
    assert capsys.readouterr().err.startswith(f"check: {path}")


def test_text_that_is_no_notebook_is_bad_input(book, capsys):
    Path("book/01_sample.md").write_bytes(b"\xff\xfe")
    assert check.main([]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "not UTF-8" in line


# --- pairs and table of contents ----------------------------------------------------------------


def test_a_stale_notebook_is_found(book, capsys):
    Path("book/01_sample.md").write_text(SAMPLE.replace("range(5)", "range(6)"))
    line = line_of(SAMPLE, "list(range")
    one(capsys, f"book/01_sample.md:{line}: ", "edit book/01_sample.md and run `make notebooks`")


@pytest.mark.parametrize(
    "damage",
    [
        lambda notebook: notebook.cells[1].metadata.update(tags=["hide-input"]),
        lambda notebook: notebook.cells[1].update(id="another"),
        lambda notebook: notebook.cells.pop(),
        lambda notebook: notebook.metadata.update(title="edited in Jupyter"),
    ],
)
def test_an_edited_notebook_is_found(book, capsys, damage):
    path = Path("notebooks/01_sample.ipynb")
    notebook = nbformat.read(path, as_version=4)
    damage(notebook)
    nbformat.write(notebook, path)
    one(capsys, "book/01_sample.md", "run `make notebooks`")


def test_both_halves_of_a_pair_must_exist(book, capsys):
    Path("book/01_sample.md").rename("book/02_moved.md")
    Path("tests/concordance/02_moved.yml").write_text(GOOD.replace("id: a", "id: b"))
    Path("_toc.yml").write_text("root: book/index\nparts: [{file: book/02_moved}]\n")
    problems = found(capsys)
    assert any("notebooks/01_sample.ipynb: has no book/01_sample.md" in p for p in problems)
    assert "notebooks/02_moved.ipynb: missing; run `make notebooks`" in problems


def test_a_broken_notebook_is_found(book, capsys):
    Path("notebooks/01_sample.ipynb").write_text("{")
    one(capsys, "notebooks/01_sample.ipynb: not a notebook", "run `make notebooks`")


def test_an_unlisted_chapter_is_found(book, capsys):
    book.toc("book/index")
    one(capsys, "_toc.yml: does not list notebooks/01_sample")


def test_a_prose_page_that_nothing_lists_is_found(book, capsys):
    Path("book/forgotten.md").write_text("# Forgotten\n")
    one(capsys, "book/forgotten.md: no page of the book; add `- file: book/forgotten` to _toc.yml")


@pytest.mark.parametrize("name", ["5_random.md", "05.md", "005_random.md"])
def test_a_text_without_its_part_is_found(book, capsys, name):
    Path("book", name).write_text("# Lost\n")
    one(capsys, f"book/{name}: a chapter's name is two digits, its part and its place")


def test_an_environment_of_other_versions_is_found(book, capsys):
    Path("requirements.txt").write_text("nbformat==1.0.0  # old\nno-such-thing==2\n")
    lock, *lines = found(capsys)
    assert lock == "requirements.lock: missing; run `make lock`"
    assert len(lines) == 2 and "asks for nbformat==1.0.0, and this environment has " in lines[0]
    assert "asks for no-such-thing==2, and this environment has none" in lines[1]
    assert found(capsys, "01_sample") == []


def test_a_listed_file_must_exist(book, capsys):
    book.toc("notebooks/01_sample", "book/glossary")
    one(capsys, "_toc.yml: lists book/glossary")


# --- concordance --------------------------------------------------------------------------------

ROW = "- id: a\n  section: 01_sample#{}\n  evidence: '{}'\n"


@pytest.mark.parametrize(
    "text",
    [
        ROW.format("counting", "step 1 <Figure>"),  # subsections included, white space squeezed
        ROW.format("details-1", "Drawing lines"),
        ROW.format("counting", "0, 1, 2, 3") + "  says: starts* at zero, see math.\n",
        ROW.format("counting", "0, 1, 2, 3") + "  says: see [math](https://elsewhere.org)\n",
        "- id: a\n  section: none\n  reason: needs a GPU\n",
    ],
)
def test_a_row_that_holds_passes(book, capsys, text):
    book.rows(text)
    assert found(capsys) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ROW.format("no-such", "0, 1, 2, 3"), "no heading 01_sample#no-such"),
        (ROW.format("countings", "0, 1, 2, 3"), "did you mean #counting?"),
        (ROW.format("counting", "0, 1, 2, 5"), "the nearest is '[0, 1, 2, 3, 4]'"),
        (ROW.format("not-a-heading", "0, 1, 2, 3"), "no heading"),
        (ROW.format("sample-chapter", "0, 1, 2, 3"), "title, which proves nothing"),
        (ROW.format("counting", "0, 1,  2"), "shorter than 8 characters"),
        (ROW.format("counting", "tensor(["), "says too little"),
        (ROW.format("counting", "(True, True)"), "says too little"),
        (ROW.format("drawing", "0, 1, 2, 3"), "no output under 01_sample#drawing"),
        (ROW.format("counting", "0, 1, 2, 3") + "  says: at one\n", "no prose under"),
        (ROW.format("drawing", "Drawing lines") + "  says: zero\n", "no prose under"),
        (ROW.format("counting", "0, 1, 2, 3") + "  says: ''\n", "says is empty"),
        (ROW.format("counting", "0, 1, 2, 3") + "  note: x\n", "unknown key note"),
        (ROW.format("counting", "0, 1, 2, 3") * 2, "the id occurs twice"),
        (ROW.format("counting", "x").replace("'x'", "[0, 1]"), "evidence is not text"),
        (ROW.format("counting", "x").replace("01", "02"), "no notebooks/02_sample.ipynb"),
        ("- id: a\n  section: none\n", "needs a reason"),
        ("- id: a\n", "no notebooks"),
        ("- section: none\n  reason: x\n", "row 1 has no id"),
    ],
)
def test_a_row_that_does_not_hold_is_found(book, capsys, text, problem):
    book.rows(text)
    one(capsys, "tests/concordance/01_sample.yml: row", problem)


@pytest.mark.parametrize("text", ["", "# later\n", None])
def test_a_chapter_without_rows_is_found(book, capsys, text):
    book.rows(text or "")
    if text is None:
        Path("tests/concordance/01_sample.yml").unlink()
    one(capsys, "tests/concordance/01_sample.yml: no rows")


def test_an_id_in_two_files_is_found(book, capsys):
    book.copy("02_other")
    Path("tests/concordance/02_other.yml").write_text(GOOD)
    one(capsys, "tests/concordance/02_other.yml: row a: tests/concordance/01_sample.yml has")


def test_rows_of_no_chapter_are_found(book, capsys):
    Path("tests/concordance/03_gone.yml").write_text("")
    one(capsys, "tests/concordance/03_gone.yml: no such chapter")


# --- outputs ------------------------------------------------------------------------------------


def test_a_figure_needs_an_alt_text(book, capsys):
    book.edit("alt: a line that rises", "alt: ''")
    one(capsys, "code cell 4: its figure has no alt text", "mystnb.image.alt")


def test_stderr_is_found(book, capsys):
    book.output(5, printed("UserWarning: old\n", "stderr"))
    one(capsys, "code cell 5: writes to stderr (UserWarning: old)")


def test_an_error_needs_its_tag(book, capsys):
    book.edit(":tags: [raises-exception]\n\n", "")
    one(capsys, "code cell 3: raises; mend it, or tag it raises-exception")


def test_an_error_that_no_chapter_means_is_found(book, capsys):
    book.output(3, new_output("error", ename="SyntaxError", evalue="x", traceback=[]))
    one(capsys, "code cell 3: shows SyntaxError")
    book.output(3, new_output("error", ename="NameError", evalue="x", traceback=[]))
    one(capsys, "code cell 3: shows a NameError that the text above does not announce")
    book.edit(
        "```{code-cell}\n:tags: [raises-exception]",
        "A `NameError`:\n\n```{code-cell}\n:tags: [raises-exception]",
    )
    assert found(capsys) == []


@pytest.mark.parametrize(
    ("heading", "fault"),
    [
        ("Found no NVIDIA driver on your system", False),
        ("No driver: check that you have an NVIDIA GPU", False),  # a sentence of its own
        ("Found no NVIDIA driver on this system", True),
    ],
)
def test_a_heading_that_nearly_quotes_the_error_is_found(book, capsys, heading, fault):
    book.edit("### Details\n\n```{code-cell}\n---", f"### {heading}\n\n```{{code-cell}}\n---")
    book.edit("#details-1", "#details")
    error = new_output("error", ename="ValueError", evalue=DRIVER, traceback=[DRIVER])
    book.edit("tags: [stepper, hide-input]", "tags: [raises-exception]")
    book.output(4, error)
    if fault:
        line = line_of(book.text, f"### {heading}")
        one(capsys, f"book/01_sample.md:{line}: the heading", "is not what the error below says")
    else:
        assert found(capsys) == []


def test_the_tag_needs_an_error(book, capsys):
    book.output(3, value("0"))
    one(capsys, "code cell 3: is tagged raises-exception but raises nothing")


def test_cells_that_did_not_run_in_order_are_found(book, capsys):
    book.counts[7] = 9
    book.write()
    one(capsys, "code cell 7: was not run in order; run `make notebooks`")


def test_an_empty_cell_is_found(book, capsys):
    book.counts[1] = None
    book.edit("import math\n", "\n")
    one(capsys, "code cell 1: is empty")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("'/home/someone/data'", "a machine's path"),
        ("saved to /tmp/tmpabc/model.pt", "a machine's path"),
        (r"C:\\Users\\someone", "a machine's path"),
        ("lib/site-packages/torch/nn.py", "a machine's path"),
        ("<object object at 0x7f3a52c1d0>", "an address in memory"),
        ("view on http://localhost:8888/tree", "a local network address"),
        ("http://127.0.0.1:6006", "a local network address"),
        ("1.23 ms ± 4 µs per loop", "a timing"),
        ("CPU times: user 1 s", "a timing"),
        ("Wall time: 2 s", "a timing"),
        ("environ({'A': 'b'})", "the environment"),
        ("/opt/conda/lib", "a machine's path"),
        ("see /content/sample_data", "a machine's path"),
        ("'/mnt/data'", "a machine's path"),
        ("/work/run", "a machine's path"),
        ("Downloading to ~/.cache/torch", "a machine's path"),
    ],
)
def test_an_output_that_differs_elsewhere_is_found(book, capsys, text, what):
    book.output(5, printed(text))
    one(capsys, f"code cell 5: its output shows {what} (")


def test_a_traceback_with_paths_is_found(book, capsys):
    frames = ['File "/usr/lib/python3/x.py", line 1']
    book.output(3, new_output("error", ename="ValueError", evalue="bad", traceback=frames))
    one(capsys, "code cell 3: its output shows a machine's path")


@pytest.mark.parametrize(
    "text",
    [
        "tensor([1., 2.], device='cpu')",
        DRIVER,
        "see https://docs.pytorch.org/docs/tmp/usr/home/x.html",
        "0xdeadbeef 0x7fffffffffffffff",
        "tcp://localhost:29500 rank=0",
        "5 it 3 s 2.5 ± 0.1",
        "and/or/tmp",
    ],
)
def test_an_innocent_output_passes(book, capsys, text):
    book.output(5, printed(text))
    assert found(capsys) == []


def test_a_heavy_notebook_is_found(book, capsys):
    book.output(5, printed("0123456789" * 100_000))
    one(capsys, "book/01_sample.md: its notebook has", "limit 1,000,000")


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        ([new_output("display_data", {"image/jpeg": "aGVsbG8="})], "of the kind image/jpeg"),
        ([new_output("display_data", {"text/plain": "2"})], "displays text"),
        ([new_output("display_data", FIGURE)] * 2, "2 figures in one cell; tag it stepper"),
    ],
)
def test_an_output_of_another_kind_is_found(book, capsys, outputs, problem):
    book.output(5, printed("Drawing lines"), *outputs)
    lines = found(capsys)
    assert any("code cell 5: " in line and problem in line for line in lines), lines


# --- code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("# NBVAL_IGNORE_OUTPUT\nlist(range(5))", "comment # NBVAL_IGNORE_OUTPUT"),
        ("list(range(5))  #NBVAL_SKIP", "comment #NBVAL_SKIP"),
        ("from jsonschema import validate\n\nvalidate", "imports jsonschema, which requirements"),
        ("import sys\n\nsys.exit()", "sys.exit() ends the kernel"),
        ("exit()", "exit() ends the kernel"),
    ],
)
def test_code_that_fools_the_run_is_found(book, capsys, code, problem):
    Path("requirements.txt").write_text("nbformat\n")
    book.edit("list(range(5))", code)
    line = line_of(book.text, code)
    lines = found(capsys)
    assert any(line.startswith("book/01_sample.md:") and problem in line for line in lines), lines
    assert line <= int(lines[0].split(":")[1]) <= line + 3


@pytest.mark.parametrize("code", ["import torch.nn", "from IPython import display", "import mine"])
def test_what_is_required_or_the_chapters_own_may_be_imported(book, capsys, code):
    Path("requirements.txt").write_text("torch\nipython  # a comment\n-r requirements-site.txt\n")
    book.edit("list(range(5))", f"{code}\n\nlist(range(5))")
    assert not [line for line in found(capsys, "01_sample") if "imports" in line]


# --- tags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["nbval-skip", "hide_cell"])
def test_an_unknown_tag_is_found(book, capsys, tag):
    book.edit("[stepper, hide-input]", f"[stepper, {tag}]")
    one(capsys, f"code cell 4: unknown tag {tag}")


def test_ignored_outputs_stay_rare(book, capsys):
    book.edit("[stepper, hide-input]", "[nbval-ignore-output]")
    book.output(4, printed("1.23 ms ± 4 µs per loop"))  # such an output may vary
    one(capsys, "code cell 4: 1 of 5 outputs are tagged nbval-ignore-output, at most one in 20")
    assert found(capsys, "01_sample") == []  # the share is the whole book's


STEP = [printed("step 1\n"), new_output("display_data", FIGURE)]


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        ([], "one printed line and one figure for each step"),
        ([*STEP, printed("step 2\n")], "one printed line and one figure for each step"),
        ([printed("step 1\nstep 2\n"), STEP[1]], "step 1 of the stepper does not print exactly"),
        ([*STEP, STEP[1], STEP[0]], "step 2 of the stepper does not print exactly one line"),
        ([*STEP, STEP[0], STEP[0]], "step 2 of the stepper shows no figure"),
    ],
)
def test_a_stepper_out_of_step_is_found(book, capsys, outputs, problem):
    book.output(4, *outputs)
    one(capsys, f"book/01_sample.md:{line_of(book.text, 'for step in')}: code cell 4: ", problem)


TRIED = "a=1 b=x: one\na=1 b=y: two\na=2 b=x: three\na=2 b=y: four\n"


@pytest.mark.parametrize(
    ("text", "more", "problem"),
    [
        (TRIED, [], ""),
        (TRIED, [new_output("display_data", FIGURE)], ""),
        (TRIED, [new_output("display_data", FIGURE)] * 2, "one figure or none"),
        (TRIED, [value("2")], "one figure or nothing"),
        (TRIED.replace(": four", ""), [], "is not `name=value name=value: text`"),
        (TRIED.replace("a=2 b=y", "a=2 c=y"), [], "has other names than the first, a, b"),
        (TRIED.replace("a=2 b=y", "a=1 b=y"), [], "'a=1 b=y' occurs twice"),
        (TRIED.rpartition("a=2")[0], [], "ends where 'a=2 b=y' belongs"),
        ("a=1 b=x: 1\na=2 b=x: 2\na=1 b=y: 3\na=2 b=y: 4\n", [], "where 'a=1 b=y' belongs"),
        ("".join(f"n={i}: {i}\n" for i in range(31)), [], "31 combinations; an explorable has 2"),
        ("a=1: x\na=2: " + "y" * 150_000, [], "limit 150,000"),
    ],
)
def test_an_explorable_of_another_form_is_found(book, capsys, text, more, problem):
    book.edit("[stepper, hide-input]", "[explorable, hide-input, columns-2]")
    book.output(4, printed(text), *more)
    if problem:
        one(capsys, "code cell 4: ", problem)
    else:
        assert found(capsys) == []


# --- prose --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "what"),
    [
        (":::{note}\nText.\n:::", "MyST directive or target :::{note}"),
        ("```{note}\nText.\n```", "MyST directive ```{note}"),
        ("> ```{note}\n> Text.\n> ```", "MyST directive ```{note}"),
        ("See {ref}`there`.", "MyST role {ref}"),
        ("(my-label)=", "MyST directive or target (my-label)="),
        ("![alt](picture.png)", "relative image picture.png"),
        ('<img src="picture.png">', "relative image"),
        ('Inline <img src="picture.png">.', 'relative image <img src="picture.png">'),
    ],
)
def test_markdown_that_only_the_site_shows_is_found(book, capsys, markdown, what):
    book.edit("Add one.", f"Add\none.\n\n{markdown}\n")
    line = line_of(book.text, markdown)
    one(capsys, f"book/01_sample.md:{line}: {what}; write plain Markdown")


@pytest.mark.parametrize(
    "markdown",
    [
        "````markdown\n:::{note}\n{ref}`x`\n````",
        "A literal `{ref}` and `:::`, `![a](b.png)`.",
        r"The set $\{x\}$`x`, $\mathrm{ref}$`x`.",
        "<details>\n<summary>Answer</summary>\n\nHidden *text*.\n\n</details>",
        '<img src="https://example.org/a.png" alt="a">',
        "Mail [us](mailto:someone@example.org).",
    ],
)
def test_innocent_markdown_passes(book, capsys, markdown):
    book.edit("Add one.", f"Add one.\n\n{markdown}\n")
    assert found(capsys) == []


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("12_shapes.ipynb", "no such chapter"),
        ("01_sample.md", "no such chapter"),
        ("../notebooks/01_sample.ipynb", "no such chapter"),
        ("01_sample.ipynb#nothing", "no such heading"),
        ("#nothing", "no such heading"),
        ("#not-a-heading", "no such heading"),
        ("01_sample.ipynb#counted", "no such heading; did you mean #counting?"),
    ],
)
def test_a_dead_link_is_found(book, capsys, address, what):
    book.edit("Add one.", f"[Add]({address}) one.")
    line = line_of(book.text, "[Add]")
    one(capsys, f"book/01_sample.md:{line}: link to {address}: {what}")


def test_a_misspelt_callout_is_found(book, capsys):
    book.edit("> **Watch out.**", "> **Watch it.**")
    line = line_of(book.text, "> **Watch it")
    one(capsys, f"book/01_sample.md:{line}: callout **Watch it.**; there is **Not run here.**")


def test_bold_words_inside_a_quotation_are_no_callout(book, capsys):
    book.edit("> zero,", "> **really zero**,")
    assert found(capsys) == []


# --- structure ----------------------------------------------------------------------------------


def test_a_jump_in_heading_levels_is_found(book, capsys):
    book.edit("## Drawing\n\n### Details", "## Drawing\n\n#### Details")
    problems = found(capsys)
    where = f"book/01_sample.md:{line_of(book.text, '#### Details')}: "
    assert problems[-1].startswith(where + "heading level 4 after level 2 (Details)")


def test_a_second_title_is_found(book, capsys):
    book.edit("## Drawing\n\n### Details", "# Drawing\n\n## Details")
    one(capsys, "book/01_sample.md: 2 level-1 headings")


@pytest.mark.parametrize("part", ["**You will learn**", "**You need**"])
def test_a_missing_part_is_found(book, capsys, part):
    book.edit(part, "")
    one(capsys, f"book/01_sample.md: no {part}; add it")


@pytest.mark.parametrize("title", ["Exercises", "Where next"])
def test_a_missing_section_is_found(book, capsys, title):
    book.edit(f"## {title}", "## Something else")
    one(capsys, "book/01_sample.md: needs, in this order, ## Summary")


def test_a_solution_in_the_open_is_found(book, capsys):
    book.edit(":tags: [hide-cell]\n\n", "")
    line = line_of(book.text, "def f(x):\n    return")
    one(capsys, f"book/01_sample.md:{line}: a solution that is not hidden; tag it hide-cell")


# --- lint ---------------------------------------------------------------------------------------


def test_lint_names_the_line_of_the_text(book, capsys):
    book.edit("def f(x):\n    return x + 1", "def f(x):\n    y = 2\n    return x + 1")
    line = line_of(book.text, "    y = 2")
    one(capsys, f"book/01_sample.md:{line}: F841 ", "edit book/01_sample.md")


def test_code_that_is_no_python_is_found(book, capsys):
    book.edit("list(range(5))", "list(range(5)")
    one(capsys, f"book/01_sample.md:{line_of(book.text, 'list(')}: invalid-syntax ")


def test_code_of_a_chapter_that_ruff_formats_otherwise_is_found(book, capsys):
    book.edit('print("Drawing lines")', "print('Drawing lines')")
    lines = found(capsys, "01_sample")
    line = line_of(book.text, "print('Draw")
    assert lines[0].startswith(f"book/01_sample.md:{line}: ruff format writes this")
    assert "edit book/01_sample.md, run `make notebooks`" in lines[0]
    assert lines[-2:] == ["    -print('Drawing lines')", '    +print("Drawing lines")']


def test_a_chapter_may_show_habits_that_a_program_may_not(book, capsys):
    habits = "import numpy as np\n\nl = np.zeros(3)\nl == None\ntype(l) == int\nl;"
    book.edit("list(range(5))", habits)
    assert found(capsys) == []


def test_programs_are_linted_too(book, capsys):
    Path("tools").mkdir()
    Path("tools/odd.py").write_text("import os\n\nx = 'a'\n")
    problems = found(capsys)
    assert problems[0].startswith("tools/odd.py:1: F401 ")
    assert problems[1].startswith("tools/odd.py: ruff format") and "x = 'a'" in problems[-2]
    assert found(capsys, "01_sample") == []  # who writes a chapter sees the chapter's problems
