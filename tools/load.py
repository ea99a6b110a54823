"""What a reader waits for: seconds to the first paint and kilobytes before scrolling, per page.

Why it exists: the site promises both on a slow phone. Chromium opens every page as that phone
would: 1.6 Mbit/s, 150 ms to the server, a processor slowed four times, nothing cached.
"""

import gzip
import http.server
import os
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

NETWORK = {
    "offline": False,
    "latency": 150,  # ms
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOWDOWN = 4
DESCRIPTION = "on a slow phone"
PHONE = {"width": 390, "height": 844}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COMPRESSED = {".html", ".css", ".js", ".svg", ".json", ".xml"}  # what web servers compress

FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


@cache
def compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback as web servers do: text is compressed."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if path.suffix not in COMPRESSED or not path.is_file():
                super().do_GET()
                return
            content = compressed(path)
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """No report of each request."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    server.handle_error = lambda *arguments: None  # a page that is closed ends its requests
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def measure(folder: Path, pages: list[str]) -> dict[str, dict[str, float]]:
    """First paint in seconds and weight in KB of each page; empty where there is no browser."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        return {}
    from playwright.sync_api import sync_playwright

    found = {}
    root = getattr(os, "geteuid", lambda: 1)() == 0
    arguments = ["--disable-gpu", *(["--no-sandbox"] if root else [])]
    with sync_playwright() as playwright, serve(folder) as address:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        for name in pages:
            context = browser.new_context(viewport=PHONE, device_scale_factor=2)
            page = context.new_page()
            protocol, weight = context.new_cdp_session(page), [0]
            protocol.on(
                "Network.loadingFinished",
                lambda event, weight=weight: weight.append(event["encodedDataLength"]),
            )
            protocol.send("Network.enable")
            protocol.send("Network.emulateNetworkConditions", NETWORK)
            protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
            page.goto(f"{address}/{name}", wait_until="networkidle", timeout=120_000)
            paint = page.evaluate(FIRST_PAINT)
            found[name] = {
                "seconds": round(paint / 1e3, 2),
                "kilobytes": round(sum(weight) / 1e3),
            }
            context.close()
        browser.close()
    return found


def pages_of(folder: Path) -> list[str]:
    """The pages that are read: of the book and of its chapters."""
    return sorted(
        path.relative_to(folder).as_posix()
        for part in ("book", "notebooks")
        for path in (folder / part).glob("*.html")
    )


def summary(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The worst of all pages, and the middle."""
    rows = {"the worst": max, "the median": statistics.median}
    return {
        name: {what: of(row[what] for row in found.values()) for what in ("seconds", "kilobytes")}
        for name, of in rows.items()
    }
