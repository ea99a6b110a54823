"""The search: whole error lines and headings lead to their section, by hand and by keyboard.

The questions about the book are put to the engine of its own search page, all at once; what a
reader does with the field is tried on the sample book.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from nbformat import NotebookNode
from playwright.sync_api import Browser, Page, expect
from site_fixtures import ROOT, Site

from tools.chapters import read_notebook
from tools.sections import Section, sections, squeeze, text_of

INDEX = "search-index.js"
ASK = """queries => queries.map(query =>
    bookSearch.find(query, 3).map(({ url, title }) => [url.split("#")[0], title]))"""
SAMPLE = "notebooks/00_sample.html"


@dataclass(frozen=True)
class Question:
    """What is typed, and the section that should be found: page and title."""

    query: str
    page: str
    title: str


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(10_000)
    yield page
    page.close()


# ---- The book ---------------------------------------------------------------------------


def own_section(found: list[Section], cell: int) -> Section:
    """The section that a code cell stands in, subsections apart."""
    return max((s for s in found if s.cell < cell), key=lambda s: (s.cell, s.line))


def error_lines(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            yield text_of(output)


def questions(book: Site) -> tuple[list[Question], list[Question]]:
    """Every stored error line, and every heading, of every chapter of the site."""
    errors, headings = [], []
    for path in sorted((book.folder / "notebooks").glob("*.html")):
        name = f"notebooks/{path.name}"
        notebook = read_notebook(ROOT / "notebooks" / f"{path.stem}.ipynb")
        found = list(sections(notebook).values())
        headings += [Question(s.title, name, s.title) for s in found]
        for index, cell in enumerate(notebook.cells):
            for line in error_lines(cell):
                errors.append(Question(line, name, own_section(found, index).title))
    return errors, headings


def answers(page: Page, site: Site, asked: list[Question]) -> list[list[list[str]]]:
    """The first three sections that the site's search gives to each question."""
    page.goto(f"{site.address}/search.html?q=tensor")
    page.wait_for_function("globalThis.bookSearch")
    return page.evaluate(ASK, [question.query for question in asked])


def report(kind: str, total: int, missed: list[tuple[Question, list[list[str]]]]) -> str:
    lines = [f"{q.page}: {q.query[:100]!r} of {q.title!r} gives {given}" for q, given in missed]
    return "\n".join([f"{kind}: {total - len(missed)} of {total}", *lines])


def test_every_error_line_finds_its_section_among_the_first_three(
    book: Site, page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, _ = questions(book)
    missed = [
        (question, given)
        for question, given in zip(asked, answers(page, book, asked), strict=True)
        if [question.page, question.title] not in given
    ]
    with capsys.disabled():
        print("\n" + report("error lines that find their section", len(asked), missed))
    assert asked and not missed


def test_every_heading_comes_first_in_its_own_words(
    book: Site, page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    _, asked = questions(book)
    missed = [
        (question, given)
        for question, given in zip(asked, answers(page, book, asked), strict=True)
        if not given or squeeze(given[0][1]) != squeeze(question.title)
    ]
    with capsys.disabled():
        print("\n" + report("headings that come first", len(asked), missed))
    assert asked and not missed


# ---- The field ---------------------------------------------------------------------------


def results(page: Page) -> list[str]:
    """The titles that are listed, once there are any."""
    page.locator(".search-list:visible .search-title").first.wait_for()
    return page.locator(".search-list:visible .search-title").all_inner_texts()


def look_up(page: Page, site: Site, query: str) -> list[str]:
    page.goto(f"{site.address}/{SAMPLE}")
    page.keyboard.press("Control+k")
    page.keyboard.type(query)
    return results(page)


def test_sections_are_listed_while_one_types(sample: Site, page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{sample.address}/{SAMPLE}", wait_until="networkidle")
    assert not [url for url in fetched if INDEX in url], "the index is loaded before it is asked"
    page.keyboard.press("Control+k")
    page.keyboard.type("zeb")
    assert results(page)[0] == "Zebras and outputs"
    result = page.locator("#pst-search-dialog .search-link").first
    expect(result.locator("mark").first).to_have_text("Zebras")
    expect(result.locator(".search-place")).to_have_text("A sample chapter")
    expect(page.locator("#pst-search-dialog [role=status]")).to_contain_text("the best first")
    result.click()
    page.wait_for_url("**/00_sample.html#zebras-and-outputs")
    expect(page.locator("#pst-search-dialog")).to_be_hidden()


def test_a_result_is_reached_by_arrow_keys(sample: Site, page: Page) -> None:
    look_up(page, sample, "softmin")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator("#pst-search-dialog .search-link").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#pst-search-dialog input")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/00_sample.html#a-function-softmin")


def test_a_line_of_the_section_shows_the_words(sample: Site, page: Page) -> None:
    look_up(page, sample, "second_line")
    line = page.locator("#pst-search-dialog .search-line").first
    expect(line).to_contain_text("second_line")
    assert line.locator("mark").count() >= 1


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("Softmin", "A module, Softmin"),
        ("softmin", "A function, softmin"),
        ("zebars", "Zebras and outputs"),  # a typo
        ("gibbon", "A module, Softmin"),  # a word of its `also:` comment
        ("okapi", "A module, Softmin"),
        ("RuntimeError: zebras (3)", "Zebras and outputs"),
        ("ValueError: torch.Size([3, 4]) 17 \u2018zebras\u2019 unheard", "Zebras and outputs"),
        ("In steps", "In steps"),
    ],
)
def test_a_question_finds_its_section(query: str, title: str, sample: Site, page: Page) -> None:
    assert look_up(page, sample, query)[0] == title


def test_equal_headings_show_their_chapter(sample: Site, page: Page) -> None:
    assert look_up(page, sample, "questions")[:2] == ["Questions", "Questions"]
    places = page.locator("#pst-search-dialog .search-place").all_inner_texts()
    assert set(places[:2]) == {"Sample book", "A sample chapter"}


def test_words_that_occur_nowhere_are_said_to(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/search.html?q=xylophone")
    expect(page.locator(".bd-search-page [role=status]")).to_have_text(
        "No section has these words."
    )
    assert page.locator(".search-list a").count() == 0


def test_the_search_page_answers_its_address_and_follows_typing(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/search.html?q=zebras")
    assert results(page)[0] == "Zebras and outputs"
    page.locator(".bd-search-page input").fill("softmin")
    expect(page.locator(".search-title").first).to_have_text("A function, softmin")
    assert page.url.endswith("?q=softmin")
    page.locator(".search-link").first.click()
    page.wait_for_url("**/00_sample.html#a-function-softmin")


def test_it_works_from_a_disk(sample: Site, page: Page) -> None:
    page.goto((sample.folder / SAMPLE).as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("zebras")
    assert results(page)[0] == "Zebras and outputs"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"file:.*/search\.html\?q=zebras"))
    assert results(page)[0] == "Zebras and outputs"


def test_without_javascript_the_search_page_says_so(sample: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{sample.address}/search.html")
    expect(page.locator("article")).to_contain_text("Searching needs JavaScript")
    context.close()
