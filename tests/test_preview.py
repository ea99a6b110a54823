"""An author who writes a sentence sees it in the browser, seconds later, without doing anything."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from site_fixtures import ROOT

CHAPTER = "15_precision"
SENTENCE = "A sentence that was written a moment ago."
PATIENCE = 100  # seconds, on a machine that runs other tests beside this one


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A chapter of the book in a folder of its own, shown by `tools.preview`."""
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks").mkdir()
    for name in ("book/_ext", "book/_static", "book/_templates", "node_modules", "_config.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in (f"book/{CHAPTER}.md", f"notebooks/{CHAPTER}.ipynb"):
        shutil.copy(ROOT / name, tmp_path / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tools.preview", CHAPTER, "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as preview:
        page = tmp_path / "_build" / "preview" / "html" / "notebooks" / f"{CHAPTER}.html"
        begun = time.monotonic()
        while not page.is_file() and time.monotonic() - begun < PATIENCE:
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/notebooks/{CHAPTER}.html"
        preview.kill()


def test_a_sentence_appears_by_itself(address: str, tmp_path: Path, page: Page) -> None:
    page.goto(address)
    outputs = page.locator(".cell_output").count()
    assert outputs > 10
    text = tmp_path / "book" / f"{CHAPTER}.md"
    written = text.read_text(encoding="utf-8").replace("\n## ", f"\n{SENTENCE}\n\n## ", 1)
    begun = time.monotonic()
    text.write_text(written, encoding="utf-8")
    expect(page.get_by_text(SENTENCE)).to_be_visible(timeout=1000 * PATIENCE)
    print(f"preview: a sentence was seen after {time.monotonic() - begun:.1f} s")
    expect(page.locator(".cell_output")).to_have_count(outputs)
    assert page.locator(".tag_stale").count() == 0
