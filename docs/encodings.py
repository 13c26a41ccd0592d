"""How often the encoding of a text is found, and the table of letter pairs that it is found by.

    python docs/encodings.py learn FOLDER       # writes keydiff_cli/documents/letter_pairs.json
    python docs/encodings.py measure FOLDER     # prints the share of texts that are read right

The texts are translations: all ``.mo`` and ``.po`` files of a folder, by language. The table comes
from ``/usr/share/locale`` of Debian 12; what is measured are other texts, the wheels of PyPI that
``docs/documents.md`` names, unpacked into a folder. ``--with NAME`` measures another detector that
is installed, ``charset_normalizer`` or ``chardet``.
"""

from __future__ import annotations

import argparse
import ast
import gettext
import json
import math
import random
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from keydiff_cli.documents import code_pages, surprise
from keydiff_cli.documents.encoding import find_encoding

LANGUAGES = [
    *("da", "de", "es", "fi", "fr", "is", "it", "nb", "nl", "pt", "sv", "ca"),
    *("cs", "hr", "hu", "pl", "ro", "sk", "sl", "sq", "et", "lt", "lv", "tr", "vi"),
    *("be", "bg", "mk", "ru", "sr", "uk", "el", "he", "ar", "fa", "th"),
]
IDEOGRAPHIC = ["ja", "ko", "zh_CN", "zh_TW"]
ALIASES = {"zh_Hans": "zh_CN", "zh_Hant": "zh_TW", "pt_BR": "pt", "pt_PT": "pt", "he_IL": "he"}
ALIASES |= {"hr_HR": "hr", "is_IS": "is", "sk_SK": "sk", "tr_TR": "tr", "no": "nb"}
MOST_PAIRS = 700  # of a language
MOST_CHARACTERS = 700
LEARNED = 600_000  # characters of a language that are looked at
_NAMES_ONLY = re.compile("iso_|iso-|xkeyboard|shared-mime")  # lists of names in all languages
_MARKUP = re.compile(r"%\(\w+\)?\w?|%[-#0-9.]*\w|\{[^}]*\}|<[^>]*>|&\w+;|https?:\S+|\\n")
_STRING = re.compile(r'^(msgstr(?:\[\d\])? |msgid(?:_plural)? )?(".*")\s*$', re.M)


def texts(folder: Path) -> dict[str, list[str]]:
    """The translated sentences below a folder, by language, each once."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for path in sorted(folder.rglob("*.[mp]o")):
        parts = [*path.parts, path.stem]
        names = [ALIASES.get(part, part) for part in parts]
        language = next((n for n in names[::-1] if n in LANGUAGES + IDEOGRAPHIC), None)
        if language and not _NAMES_ONLY.search(path.name):
            for text in _translations(path):
                text = " ".join(_MARKUP.sub(" ", text).split())
                if len(text) > 3 and not text.isascii():
                    found[language][text] = None
    return {language: list(found[language]) for language in found}


def _translations(path: Path) -> Iterator[str]:
    try:
        if path.suffix == ".mo":
            with path.open("rb") as file:
                catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
            yield from (text for key, text in catalogue.items() if key)
            return
        translated, parts = False, list[str]()
        for start, string in _STRING.findall(path.read_text("utf-8", errors="replace")):
            if start:
                if translated:
                    yield "".join(parts)
                translated, parts = start.startswith("msgstr"), []
            parts.append(ast.literal_eval(string))
    except (OSError, UnicodeDecodeError, ValueError, SyntaxError, LookupError):
        return


def learn(folder: Path) -> None:
    """Count pairs of letters and frequent characters, and write them down."""
    dice = random.Random(1)
    pairs: dict[str, dict[str, str]] = {}
    characters: dict[str, str] = {}
    for language, sentences in sorted(texts(folder).items()):
        dice.shuffle(sentences)
        text = "\n".join(sentences)[:LEARNED]
        if language in IDEOGRAPHIC:
            counts = Counter(char for char in text if surprise.is_ideograph(char))
            characters[language] = "".join(c for c, _ in counts.most_common(MOST_CHARACTERS))
        else:
            pairs[language] = _pairs(_as_encoded(text, language))
        print(language, len(text), file=sys.stderr)
    table = {"pairs": pairs, "characters": characters}
    path = Path(code_pages.__file__).with_name("letter_pairs.json")
    path.write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def _pairs(text: str) -> dict[str, str]:
    """The most frequent pairs, by how many bits the second letter takes after the first."""
    counts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    letters = list(map(surprise.letter, text))
    for first, second in pairwise(letters):
        before[first] += 1
        if not (first + second).isascii():
            counts[first + second] += 1
    levels: dict[str, str] = defaultdict(str)
    for pair, count in counts.most_common(MOST_PAIRS):
        if count > 1:
            bits = max(1, round(-math.log2(count / before[pair[0]])))
            levels[str(bits)] += pair
    return {bits: levels[bits] for bits in sorted(levels, key=int)}


def measure(folder: Path, detect: Callable[[bytes], str], sizes: Iterable[int], count: int) -> None:
    """Print the share of texts of each size that are read right, by page."""
    dice = random.Random(2)
    sentences = texts(folder)
    right: Counter[tuple[str, int]] = Counter()
    tried: Counter[tuple[str, int]] = Counter()
    wrong: Counter[tuple[str, str, str, int]] = Counter()
    for codec, languages in code_pages.LANGUAGES_OF.items():
        for language in languages:
            for size in sizes:
                for text in _windows(
                    sentences.get(language, []), language, codec, size, count, dice
                ):
                    data = text.encode(codec)
                    found = detect(data)
                    tried[codec, size] += 1
                    if data.decode(found, errors="replace") == text:
                        right[codec, size] += 1
                    else:
                        wrong[codec, language, found, size] += 1
    sizes = list(sizes)
    for codec in code_pages.LANGUAGES_OF:
        shares = [f"{100 * right[codec, n] / max(1, tried[codec, n]):6.1f}" for n in sizes]
        print(f"{codec:16}", *shares)
    total = [
        100
        * sum(right[c, n] for c in code_pages.LANGUAGES_OF)
        / sum(tried[c, n] for c in code_pages.LANGUAGES_OF)
        for n in sizes
    ]
    print(f"{'all':16}", *(f"{share:6.1f}" for share in total))
    for (codec, language, found, size), times in wrong.most_common(40):
        print(f"  {times:4} {language} {codec} {size} -> {found}", file=sys.stderr)


def _windows(
    sentences: list[str], language: str, codec: str, size: int, count: int, dice: random.Random
) -> Iterator[str]:
    """Texts of about ``size`` bytes in the code page, of which at least two are not ASCII."""
    if not sentences:
        return
    made = 0
    for _ in range(20 * count):
        at = dice.randrange(len(sentences))
        text = ""
        while len(text) < size and at < len(sentences):
            text, at = text + sentences[at] + "\r\n", at + 1
        text = _as_encoded(text, language)
        data = text.encode(codec, errors="ignore")
        # Cut between words: the text is what the bytes say, without what the page does not have.
        text = data.decode(codec)[: size if language not in IDEOGRAPHIC else size // 2]
        if sum(char > "\x7f" for char in text) >= 2 and len(data) > 0.8 * len(text):
            made += 1
            yield text
        if made == count:
            return


def _as_encoded(text: str, language: str) -> str:
    """A text with the letters that its code pages have: accents of Vietnamese apart."""
    if language != "vi":
        return unicodedata.normalize("NFC", text)
    marks = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    out: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        tones = "".join(part for part in parts[1:] if part in marks)
        base = "".join(part for part in parts if part not in marks)
        out.append(unicodedata.normalize("NFC", base) + tones)
    return "".join(out)


def _detector(name: str) -> Callable[[bytes], str]:
    if name == "charset_normalizer":
        from charset_normalizer import from_bytes

        return lambda data: getattr(from_bytes(data).best(), "encoding", "cp1252")
    if name == "chardet":
        import chardet

        return lambda data: chardet.detect(data)["encoding"] or "cp1252"

    def ours(data: bytes) -> str:
        found = find_encoding(data)
        return "cp1252" if found is None or found.codec == "utf-8" else found.codec

    return ours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["learn", "measure"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--with", dest="detector", default="keydiff")
    parser.add_argument("--count", type=int, default=20, help="texts a size, page and language")
    parser.add_argument("--sizes", type=int, nargs="+", default=[40, 120, 1000])
    given = parser.parse_args()
    if given.what == "learn":
        learn(given.folder)
    else:
        measure(given.folder, _detector(given.detector), given.sizes, given.count)


if __name__ == "__main__":
    main()
