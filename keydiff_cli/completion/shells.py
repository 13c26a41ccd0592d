"""How bash, zsh and fish ask what a word could become, and how they are answered.

The scripts that they run are Typer's, which ``keydiff --install-completion`` puts in place. They
start the command with the words in variables of its environment; other shells are left to Typer.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping

from keydiff_cli.completion.candidates import candidates

VARIABLE = "_KEYDIFF_COMPLETE"
_WORDS = "_TYPER_COMPLETE_ARGS"
_ZSH = str.maketrans({'"': '""', "'": "''", "$": "\\$", "`": "\\`", ":": "\\\\:"})


def completed() -> bool:
    """Answer a shell and end the process, if it is one that asks; else return False."""
    answer = answer_to(os.environ)
    if answer is None:
        return False
    text, status = answer
    print(text)
    sys.exit(status)


def answer_to(environment: Mapping[str, str]) -> tuple[str, int] | None:
    """What is printed for a shell that asks, and the status; None if it is not one of these."""
    asked = environment.get(VARIABLE)
    if asked == "complete_bash":
        words, begun, cut = _of_bash(environment)
        # Where bash cuts words at colons, it puts what follows the last one only.
        given = len(begun) - len(begun.rpartition(":")[2]) if cut else 0
        return "\n".join(each[given:] for each in candidates(words, begun)), 0
    if asked == "complete_zsh":
        return _for_zsh(candidates(*_of_line(environment.get(_WORDS, "")))), 0
    if asked == "complete_fish":
        found = candidates(*_of_line(environment.get(_WORDS, "")))
        if environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
            return "", 0 if found else 1  # without any, fish completes paths
        return "\n".join(f"{each}\t{text}".rstrip("\t") for each, text in found.items()), 0
    return None


def _of_bash(environment: Mapping[str, str]) -> tuple[list[str], str, bool]:
    """The words before the cursor, and the one at it: bash gives one a line, and its number.

    Words with colons, which it cuts there unless it was told not to, are whole; the last is whether
    it has cut the one at the cursor.
    """
    text = environment.get("COMP_WORDS", "")
    parts = text.split("\n") if "\n" in text else _split(text)
    number = int(environment.get("COMP_CWORD", "0"))
    words, cut = [""], False
    for part in (*parts[1:number], "".join(parts[number : number + 1])):
        cut = bool(part) and not part.startswith("-")
        cut = cut and (part.startswith(":") or words[-1].endswith(":"))
        if cut:
            words[-1] += part
        else:
            words.append(part)
    return words[1:-1], words[-1], cut


def _of_line(line: str) -> tuple[list[str], str]:
    """The same of a command line up to the cursor."""
    words = _split(line)[1:]
    begun = words.pop() if words and not line[-1:].isspace() else ""
    return words, begun


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quotation mark is open
        return line.split()


def _for_zsh(found: Mapping[str, str]) -> str:
    """Code that zsh runs."""
    if not found:
        return "_files"
    described = (
        f'"{each.translate(_ZSH)}"' + (f':"{text.translate(_ZSH)}"' if text else "")
        for each, text in found.items()
    )
    return "_arguments '*: :((" + "\n".join(described) + "))'"
