"""The sites and the browser that the tests of the built book share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from site_fixtures import ROOT, Site, build_sample, serve

DESK = {"width": 1280, "height": 900}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET_BROWSER = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host can be reached
    "--no-first-run",
)


@pytest.fixture(scope="session")
def book_folder() -> Path:
    """The built book: `_build/html`, or the folder that BOOK_SITE names."""
    folder = ROOT / os.environ.get("BOOK_SITE", "_build/html")
    if not (folder / "search.html").exists():
        pytest.fail(f"{folder} holds no built site; run `make html` first")
    return folder


@pytest.fixture(scope="session")
def book(book_folder: Path) -> Iterator[Site]:
    with serve(book_folder) as address:
        yield Site(book_folder, address)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = build_sample(tmp_path_factory.mktemp("sample"), "git@github.com:Someone/a-book.git")
    with serve(folder) as address:
        yield Site(folder, address)


@pytest.fixture(scope="session", params=["book", "sample"])
def site(request: pytest.FixtureRequest) -> Site:
    """The book, then the sample."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        reason = "no browser: install Chromium (Debian, Ubuntu: apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    arguments = list(QUIET_BROWSER)
    if getattr(os, "geteuid", lambda: 1)() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page on a desk's screen."""
    page = browser.new_page(viewport=DESK, reduced_motion="reduce")
    page.set_default_timeout(10_000)
    yield page
    page.close()
