"""Figures that came out otherwise, as files to look at: old, new, and where they differ.

Why it exists: nbval compares figures byte for byte, and two hashes tell nobody what changed.
"""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

FOLDER = Path("_build/figures")


def difference(old: Image.Image, new: Image.Image) -> Image.Image:
    """Black where both agree, and white where they do not; as large as the larger of the two."""
    size = max(old.width, new.width), max(old.height, new.height)
    padded = [Image.new("RGB", size, "magenta") for _ in range(2)]
    for sheet, figure in zip(padded, (old, new), strict=True):
        sheet.paste(figure.convert("RGB"))
    return ImageChops.difference(*padded).convert("L").point(lambda value: 255 if value else 0)


def write(name: str, old: str, new: str) -> str:
    """Write both figures, as notebooks store them, and their difference; what to tell of it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stored, made = (Image.open(BytesIO(b64decode(figure))) for figure in (old, new))
    changed = difference(stored, made)
    for kind, figure in (("old", stored), ("new", made), ("difference", changed)):
        figure.save(FOLDER / f"{name}-{kind}.png")
    share = changed.histogram()[255] / (changed.width * changed.height)
    return f"{share:.1%} of its pixels; see {FOLDER}/{name}-old.png, -new.png, -difference.png"
