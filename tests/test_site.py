"""What can be seen in the files of the built site without a browser.

A page must not need another host, every chapter must offer its notebook, and links to the
repository must be exact or absent.
"""

import importlib
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from site_fixtures import ROOT, Site, build_sample, html_files

OTHER_HOST = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
OTHER_HOST_IN_CSS = re.compile(
    r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE
)
# A browser fetches these attributes by itself; it follows <a href> only when asked.
FETCHED = {"src", "srcset", "poster", "data", "background", "xlink:href"}
NOT_FETCHED_LINKS = {"author", "canonical", "help", "index", "license", "next", "prev", "search"}
MEGABYTE = 1_000_000
BUTTON = re.compile(r'href="([^"]+)"')


class ForeignFetches(HTMLParser):
    """Collects what a page makes a browser fetch from another host."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        values = {name: value or "" for name, value in attributes}
        fetched = [values[name] for name in FETCHED & values.keys()]
        if tag == "link" and not NOT_FETCHED_LINKS & set(values.get("rel", "").split()):
            fetched.append(values.get("href", ""))
        if tag == "image":
            fetched.append(values.get("href", ""))
        candidates = [part for value in fetched for part in value.split(",")]
        if any(map(OTHER_HOST.match, candidates)) or OTHER_HOST_IN_CSS.search(
            values.get("style", "")
        ):
            self.found.append(self.get_starttag_text() or tag)

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.found += [f"<style> {url}" for url in OTHER_HOST_IN_CSS.findall(data)]


def foreign_fetches(folder: Path) -> Iterator[str]:
    """`page.html: <tag ...>` for everything a site fetches from another host."""
    for page in html_files(folder):
        parser = ForeignFetches()
        parser.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page.relative_to(folder)}: {tag}" for tag in parser.found)
    for style in folder.rglob("*.css"):
        for url in OTHER_HOST_IN_CSS.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(folder)}: url({url})"


def chapters(folder: Path) -> list[Path]:
    return sorted((folder / "notebooks").glob("*.html"))


def buttons(page: Path, part: str) -> list[str]:
    """The addresses on a page that contain `part`."""
    return [url for url in BUTTON.findall(page.read_text(encoding="utf-8")) if part in url]


@pytest.fixture(scope="session")
def extension() -> ModuleType:
    """The Sphinx extension of the book, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book" / "_ext")
        return importlib.import_module("executable_book")


def test_no_page_fetches_anything_from_another_host(book_folder: Path) -> None:
    found = list(foreign_fetches(book_folder))
    assert not found, "fetched from another host:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css"/>',
        '<link rel="preload" href="http://cdn.example/x.woff"/>',
        '<img srcset="small.png 1x, https://cdn.example/x.png 2x"/>',
        '<iframe src="https://video.example/"></iframe>',
        '<style>@import "https://cdn.example/x.css";</style>',
        '<p style="background: url(https://cdn.example/x.png)"></p>',
    ],
)
def test_a_fetch_from_another_host_would_be_found(tag: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f'<a href="https://fine.example/">fine</a>{tag}')
    (found,) = foreign_fetches(tmp_path)
    assert found.startswith("page.html: <")


def test_the_site_without_notebooks_stays_small(book_folder: Path) -> None:
    files = [path for path in book_folder.rglob("*") if path.is_file()]
    sizes = {
        path: path.stat().st_size
        for path in files
        if path.suffix != ".ipynb" and "_sources" not in path.relative_to(book_folder).parts
    }
    heaviest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:5]
    assert sum(sizes.values()) < 20 * MEGABYTE, f"the heaviest files: {heaviest}"


def test_every_chapter_offers_its_notebook(book_folder: Path) -> None:
    for page in chapters(book_folder):
        (link,) = buttons(page, "_sources/")
        download = (page.parent / link).resolve()
        assert download.suffix == ".ipynb", f"{page.name} offers {link}"
        stored = ROOT / "notebooks" / download.name
        assert download.read_bytes() == stored.read_bytes(), f"{page.name} offers another {link}"


def test_every_notebook_has_a_page(book_folder: Path) -> None:
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    missing = notebooks - {page.stem for page in chapters(book_folder)}
    assert not missing, f"no page for {sorted(missing)}; is it listed in _toc.yml?"


def test_every_colab_link_of_the_book_opens_the_page_it_stands_on(book_folder: Path) -> None:
    for page in chapters(book_folder):
        for link in buttons(page, "colab.research"):
            assert link.endswith(f"/notebooks/{page.stem}.ipynb"), f"{page.name}: {link}"


def test_a_known_repository_gives_exact_links(sample: Site) -> None:
    page = sample.folder / "notebooks" / "00_sample.html"
    repository = "https://github.com/Someone/a-book"
    assert buttons(page, "colab.research") == [
        "https://colab.research.google.com/github/Someone/a-book/blob/trial/"
        "notebooks/00_sample.ipynb"
    ]
    assert buttons(page, "/edit/") == [f"{repository}/edit/trial/book/00_sample.md"]
    assert repository in buttons(page, repository)


@pytest.mark.parametrize("repository", ["", "https://gitlab.com/someone/a-book.git"])
def test_a_book_without_a_github_address_has_no_links_to_one(
    repository: str, tmp_path: Path
) -> None:
    page = build_sample(tmp_path, repository) / "notebooks" / "00_sample.html"
    for part in ("colab", "/edit/", "github.com", "gitlab.com"):
        assert not buttons(page, part), f"{page.name}: {buttons(page, part)}"
    assert "launch-buttons" not in page.read_text(encoding="utf-8")
    assert buttons(page, "_sources/") == ["../_sources/notebooks/00_sample.ipynb"]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://github.com/Some-One/a.book", "https://github.com/Some-One/a.book"),
        ("https://github.com/someone/book.git", "https://github.com/someone/book"),
        ("https://user:secret@github.com/someone/book/", "https://github.com/someone/book"),
        ("git@github.com:someone/book.git", "https://github.com/someone/book"),
        ("ssh://git@github.com:22/someone/book.git", "https://github.com/someone/book"),
        ("ssh://git@ssh.github.com:443/someone/book", "https://github.com/someone/book"),
        ("https://gitlab.com/someone/book", None),
        ("https://github.com.example/someone/book", None),
        ("git@notgithub.com:someone/book", None),
        ("/srv/git/book.git", None),
        ("", None),
    ],
)
def test_every_spelling_of_a_github_address_gives_one_link(
    address: str, url: str | None, extension: ModuleType
) -> None:
    assert extension.github_url(address) == url


def test_without_variables_the_links_follow_the_checkout(
    tmp_path: Path, extension: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    monkeypatch.delenv("BOOK_REPOSITORY_BRANCH", raising=False)
    assert extension.find_repository(tmp_path) == (None, "main")
    for command in (
        ["init", "--quiet", "--initial-branch=topic/links"],
        ["remote", "add", "origin", "git@github.com:someone/book.git"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert extension.find_repository(tmp_path) == ("https://github.com/someone/book", "topic/links")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    assert extension.find_repository(unpacked) == (None, "main"), "borrowed from the outer checkout"


def test_the_source_of_a_chapter_is_no_page(sample: Site) -> None:
    assert "book/00_sample.html" not in sample.pages()
