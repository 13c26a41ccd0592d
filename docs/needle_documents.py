"""Writes the texts of ``bench needle`` and ``ruler`` as documents, with questions about them.

    python docs/needle_documents.py needles
    keydiff bench qa --data needles/questions.jsonl --budget 1/16

So what ``ask`` does, with recall and a second look, is measured on them. An answer is right there
if it has all numbers that are asked for; ``keydiff bench ruler`` counts each of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from measuring import LARGE, model_path

from keydiff_cli.bench import needle, ruler
from keydiff_cli.bench.haystack import load_sentences
from keydiff_cli.bench.samples import Count, Text
from keydiff_cli.errors import KeydiffError
from keydiff_cli.llama import Model
from keydiff_cli.system.folders import user_cache_folder

TASKS = ("niah_single", "niah_multikey", "niah_multivalue", "niah_multiquery")


def texts(options: argparse.Namespace, count: Count) -> Iterator[Text]:
    """The texts of the tasks, as the two benchmarks make them of the same seed."""
    sentences = load_sentences(None, user_cache_folder())
    length, samples, seed = options.length, options.samples, options.seed
    if needle.TASK in options.task:
        last = options.needles - 1
        depths = [int(100 * number / last) / 100 for number in range(options.needles)]
        yield from needle.texts(sentences, [length], depths, samples, count, seed)
    hidden = [task for task in options.task if task != needle.TASK]
    yield from ruler.texts(sentences, hidden, [length], samples, count, seed)


def known_tasks(text: str) -> list[str]:
    tasks = text.split(",")
    unknown = set(tasks) - {needle.TASK, *TASKS}
    if unknown:
        raise argparse.ArgumentTypeError(f"no task is called {', '.join(sorted(unknown))}")
    return tasks


def some(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number from 1 on")
    return int(text)


def several(text: str) -> int:
    if (number := some(text)) < 2:
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number from 2 on")
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=LARGE, help="whose tokens are counted")
    parser.add_argument("--length", type=some, default=4096, help="tokens of a text")
    parser.add_argument("--samples", type=some, default=2, help="texts of a task")
    parser.add_argument("--needles", type=several, default=8, help="of a text, evenly spread")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--task", type=known_tasks, default=[needle.TASK, *TASKS])
    options = parser.parse_args()
    try:
        write(options)
    except KeydiffError as error:
        parser.error(str(error))


def write(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    with closing(Model(model_path(options.model), weights=False)) as model:
        made = list(texts(options, lambda text: len(model.tokenize(text))))
    with (options.folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for text in made:
            name = f"{text.id}.txt"
            (options.folder / name).write_text(text.document, encoding="utf-8")
            for question in text.questions:
                answer = ", ".join(question.references)
                asked = {"document": name, "question": question.text, "answer": answer}
                print(json.dumps(asked | {"kind": text.task}), file=file)


if __name__ == "__main__":
    main()
