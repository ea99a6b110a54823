"""What another PyTorch changes is sorted into what a reader would want to know."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from tools import drift

FIGURE = {"image/png": "aGVsbG8=", "text/plain": "<Figure>"}


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def error(message):
    return new_output("error", ename="ValueError", evalue=message, traceback=["...", message])


def table(*kinds):
    return new_output("execute_result", {kind: kind for kind in kinds}, execution_count=1)


@pytest.mark.parametrize(
    ("stored", "new", "kinds"),
    [
        ([printed("ab")], [printed("a"), printed("b")], []),
        ([printed("a")], [printed("b")], ["text"]),
        ([table("text/html", "text/plain")], [table("text/plain", "text/html")], []),
        ([error("a")], [error("a")], []),
        ([error("a")], [error("b")], ["reworded"]),
        ([error("a")], [], ["silent"]),
        ([printed("a")], [printed("a"), error("b")], ["raises"]),
        ([], [printed("x.py:3: FutureWarning: old", "stderr")], ["warns"]),
        ([], [printed("foo is deprecated and will go", "stderr")], ["warns"]),
        ([], [printed("loading", "stderr")], []),
        (
            [new_output("display_data", FIGURE)],
            [new_output("display_data", FIGURE | {"image/png": "aGVsbG9v"})],
            ["figure"],
        ),
    ],
)
def test_a_difference_has_its_kind(stored, new, kinds) -> None:
    assert [kind for kind, *_ in drift.compare(stored, new, ignored=False)] == kinds
    ignored = [kind for kind, *_ in drift.compare(stored, new, ignored=True)]
    assert ignored == [kind for kind in kinds if kind == "warns"]


MADE = {
    "torch": "2.9.1",
    "torchvision": "0.24.1",
    "numpy": "2.4.6",
    "python": "3.11.7",
    "system": "Linux x86_64",
    "chapters": 2,
    "cells": 10,
    "found": [
        {"kind": "text", "where": "book/10_a.md:5: code cell 1", "old": "1\n2", "new": "1\n3"},
        {"kind": "warns", "where": "book/10_a.md:5: code cell 1", "old": "", "new": "old"},
    ],
}


def test_the_report_shows_both_outputs() -> None:
    text = drift.report(MADE)
    assert "2 chapters, 10 code cells" in text and "## Outputs that changed: 1" in text
    assert "book/10_a.md:5: code cell 1\n\n```diff\n- 1\n- 2\n+ 1\n+ 3\n```" in text
    assert "All outputs came out as they are stored" in drift.report(MADE | {"found": []})


def test_the_page_is_made_of_the_recorded_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert drift.check() == []
    drift.RUNS.mkdir(parents=True)
    Path("book").mkdir()
    for made in (MADE, MADE | {"torch": "2.10.0", "found": []}):
        path = drift.RUNS / f"{made['torch']}.json"
        path.write_text(json.dumps(drift.summary(made)))
    assert drift.check() == [
        "book/verified.md: not what tests/runs records; run `python -m tools.drift --page`"
    ]
    assert drift.main(["--page"]) == 0 and drift.check() == []
    rows = [line for line in drift.PAGE.read_text().splitlines() if line.startswith("| 2.")]
    assert rows[0].startswith("| 2.10.0 |") and rows[0].endswith("| 2 | 10 of 10 | nothing |")
    assert rows[1].endswith("| 9 of 10 | cells that warn now: 1; outputs that changed: 1 |")


@pytest.mark.parametrize("torch", ["", "latest", "2", "2.14.0; rm"])
def test_a_version_that_is_none_is_told(torch, capsys) -> None:
    assert drift.main([torch]) == 2
    told = capsys.readouterr().err
    assert "name one, as in `make drift TORCH=2.14.0`" in told and told.count("\n") == 1
