"""A translated book keeps what the English words make special, and its own words follow."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from site_fixtures import Site, build_sample, serve

CHAPTER = {
    "**Watch out.** A callout with `code` and [a link](#solutions).": (
        "**Vorsicht.** Ein Hinweis mit `code` und [einem Verweis](#solutions)."
    ),
    "Details of `stripes`": "Einzelheiten zu `stripes`",
    "Solutions": "Lösungen",
}
WORDS = {
    "Show the solution": "Die Lösung zeigen",
    "{0} minutes to read": "{0} Minuten",
    "1 minute to read": "1 Minute",
    "Next step": "Weiter",
    "step {0} of {1}": "{1} Schritte, hier {0}",
    "outputs compared": "verglichene Ausgaben",
    "Start reading": "Lesen",
    "Search": "Suche",
}


def po(messages: dict[str, str]) -> str:
    entries = [f'msgid "{key}"\nmsgstr "{value}"\n' for key, value in messages.items()]
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    return "\n".join([head, *entries])


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("german")
    messages = root / "locales" / "de" / "LC_MESSAGES"
    messages.mkdir(parents=True)
    (messages / "notebooks.po").write_text(po(CHAPTER), encoding="utf-8")
    (messages / "book.po").write_text(po(WORDS), encoding="utf-8")
    folder = build_sample(root, "", language="de")
    with serve(folder) as address:
        yield Site(folder, address)


def test_translated_callouts_and_details_stay_what_they_are(german: Site) -> None:
    text = Path(german.folder, "notebooks/00_sample.html").read_text(encoding="utf-8")
    callout = text[text.index('<blockquote class="callout callout-watch-out"') :]
    assert "Vorsicht." in callout[:300] and 'aria-label="Vorsicht"' in callout[:300]
    fold = text[text.index('<details class="fold">') :]
    assert "Einzelheiten" in fold[:300]
    assert ">Lösungen<" in text and "Die Lösung zeigen" in text


def test_the_words_of_the_site_are_translated(german: Site, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{german.address}/notebooks/00_sample.html")
    expect(page.locator(".chapter-facts")).to_contain_text("Minute")
    stepper = page.locator(".stepper").first
    expect(stepper.locator(".stepper-count")).to_have_text("3 Schritte, hier 1")
    stepper.get_by_role("button", name="Weiter").click()
    expect(stepper.locator(".stepper-count")).to_have_text("3 Schritte, hier 2")
    expect(page.get_by_role("button", name="Previous step").first).to_be_visible()
    page.goto(f"{german.address}/book/index.html")
    expect(page.locator("a.start")).to_have_text("Lesen")
    expect(page.locator(".book-counts")).to_contain_text("verglichene Ausgaben")
    page.goto(f"{german.address}/search.html")
    expect(page.locator("h1")).to_have_text("Suche")
    page.close()


def test_an_english_book_has_no_list_of_words(sample: Site) -> None:
    assert not (sample.folder / "_static" / "words.js").exists()
