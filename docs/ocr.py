"""Compare OCR of keydiff with Tesseract on pages drawn from texts.

    python docs/ocr.py [--pages 4] en=TEXT de=TEXT ru=TEXT zh=TEXT ...

Each text, which may be packed by gzip, is drawn as pages of A4 at 200 dots per inch, black on
white, in DejaVu Serif, or Noto Serif CJK for Chinese and Japanese (Debian's fonts-dejavu-core and
fonts-noto-cjk), and read in a process of its own, with one thread.

* Errors: insertions, deletions and replacements of characters per 100 characters of the text, white
  space aside.
* s: seconds of processor time per page, with the start of the process.
* MB: peak memory of the largest process.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from keydiff_cli.documents.ocr.recogniser import Recogniser

ENGINES = ("keydiff", "tesseract")
TESSERACT = {"en": "eng", "de": "deu", "fr": "fra", "ru": "rus", "zh": "chi_sim", "ja": "jpn"}
CJK = ("zh", "ja")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
CJK_FONT = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
DPI = 200
A4 = (1654, 2339)  # dots
MARGIN, LEADING, SIZE = 120, 42, 28  # dots
LINES = 50
SKIPPED = 400  # lines at the beginning of a text, which are tables of contents and the like


def pages_of(path: str, count: int) -> list[list[str]]:
    """Return the lines of so many pages of a text."""
    data = Path(path).read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    lines = [line.rstrip() for line in text.split("\n")]
    lines = [line for line in lines[SKIPPED if len(lines) > 2 * SKIPPED else 0 :] if line]
    return [lines[start : start + LINES] for start in range(0, LINES * count, LINES)]


def draw(lines: list[str], language: str) -> Any:
    """Draw a page."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(CJK_FONT if language in CJK else FONT, SIZE)
    image = Image.new("L", A4, 255)
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + number * LEADING), line, font=font, fill=0)
    return image


def read(engine: str, images: list[Any], language: str, folder: str) -> list[str]:
    """Read pictures of pages, from files in a folder."""
    if engine == "keydiff":
        path = f"{folder}/pages.pdf"
        images[0].save(path, resolution=DPI, save_all=True, append_images=images[1:])
        with open(path, "rb") as file:
            recogniser = Recogniser(file.fileno(), threads=1)
            found = [recogniser.page(number + 1).text for number in range(len(images))]
            recogniser.close()
        return found
    texts = []
    for image in images:
        image.save(f"{folder}/page.png", dpi=(DPI, DPI))
        command = ["tesseract", f"{folder}/page.png", "-", "-l", TESSERACT[language]]
        limited = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=limited)
        texts.append(done.stdout)
    return texts


def errors(expected: str, got: str) -> int:
    """Count the steps from one text to another: the distance of Levenshtein."""
    row = list(range(len(got) + 1))
    for count, one in enumerate(expected, 1):
        above, row = row, [count]
        for number, two in enumerate(got, 1):
            row.append(min(above[number] + 1, row[-1] + 1, above[number - 1] + (one != two)))
    return row[-1]


def measure(engine: str, language: str, path: str, count: int) -> tuple[float, float, float]:
    """Return errors per 100 characters, seconds per page, and megabytes."""
    pages = pages_of(path, count)
    images = [draw(page, language) for page in pages]
    with tempfile.TemporaryDirectory() as folder:
        texts = read(engine, images, language, folder)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    expected = ["".join("".join(page).split()) for page in pages]
    got = ["".join(text.split()) for text in texts]
    wrong = sum(map(errors, expected, got))
    seconds = (used.ru_utime + used.ru_stime) / len(pages)
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return 100 * wrong / sum(map(len, expected)), seconds, used.ru_maxrss / unit


def main() -> None:
    """Measure each engine on each text, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=4)
    parser.add_argument("texts", nargs="+", metavar="LANGUAGE=TEXT")
    given = parser.parse_args()
    print("| language | engine | errors | s | MB |\n|---|---|--:|--:|--:|")
    context = get_context("spawn")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        for text in given.texts:
            language, _, path = text.partition("=")
            for engine in ENGINES:
                if engine == "tesseract" and language not in TESSERACT:
                    continue
                try:
                    found = pool.submit(measure, engine, language, path, given.pages).result()
                except (OSError, subprocess.CalledProcessError):
                    print(f"| {language} | {engine} | not installed | | |", flush=True)
                    continue
                print("| {} | {} | {:.2f}% | {:.1f} | {:.0f} |".format(language, engine, *found))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
