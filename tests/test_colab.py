"""What the chapters import is compared with what Colab has installed."""

from pathlib import Path

import pytest

from tools import colab

LIST = "# generated\n" + "".join(f"package-{i}=={i}.0\n" for i in range(10))
TORCH = "torch @ https://example.org/whl/cu118/torch-2.1.0%2Bcu118-cp310.whl#sha256=a\n"
TEXT = """# Import os

import prose

```{code-cell}
:tags: [hide-input]

import os, sys
import torch.nn as nn
from PIL import Image
from . import mine

def f():
    "from here to there"
    import numpy
```

```python
import shown_only
```
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("book").mkdir()
    Path("book/10_tensors.md").write_text(TEXT)
    Path("book/index.md").write_text(TEXT.replace("numpy", "elsewhere"))
    return tmp_path


def test_what_code_cells_import_is_found() -> None:
    assert colab.imported(TEXT) == {"torch", "PIL", "numpy"}


def test_versions_are_read_in_both_forms() -> None:
    assert colab.installed(TORCH + "Scikit_Learn==1.2.2\n") == {
        "torch": "2.1.0",
        "scikit-learn": "1.2.2",
    }


def test_what_colab_has_is_told_and_what_it_has_not_is_found(book: Path, capsys) -> None:
    Path("colab.txt").write_text(LIST + TORCH + "Pillow==9.4.0\nnumpy==2.0\n")
    assert colab.main(["colab.txt"]) == 0
    assert capsys.readouterr().out.endswith("has numpy 2.0, pillow 9.4.0, torch 2.1.0\n")
    Path("colab.txt").write_text(LIST + TORCH + "numpy==2.0\n")
    assert colab.main(["colab.txt"]) == 1
    assert capsys.readouterr().out.startswith("book/10_tensors.md: imports PIL, which Colab")


@pytest.mark.parametrize(("text", "told"), [(None, "No such file"), ("404", "0 packages")])
def test_what_is_no_list_is_told(book: Path, capsys, text, told) -> None:
    if text:
        Path("colab.txt").write_text(text)
    assert colab.main(["colab.txt"]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
