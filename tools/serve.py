"""Show the built site on this machine: `make serve`.

Why it exists: a port in use is told in one line, and the address stands where it can be clicked.

Exit code: 0 ended by Ctrl-C; 2 it could not begin.
"""

import argparse
import http.server
import sys
from functools import partial
from pathlib import Path

SITE = Path("_build/html")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args(arguments).port
    if not (SITE / "index.html").is_file():
        print(f"serve: {SITE} holds no site; run `make html`", file=sys.stderr)
        return 2
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=SITE)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        told = f"port {port} cannot be used ({error}); try `make serve PORT={port + 1}`"
        print(f"serve: {told}", file=sys.stderr)
        return 2
    with server:
        print(f"The book is at http://localhost:{port}; Ctrl-C ends it.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
