"""What the records of each benchmark have, and whether something is such a record."""

from __future__ import annotations

import re
from typing import Any

from keydiff_cli.policies import POLICIES

_NUMBER, _WHOLE_OR_NONE = (int, float), (int, type(None))
_LARGEST = 2**63  # number in a record
_COMMON: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "policy": (str,),
    "budget": _WHOLE_OR_NONE,
    "length": _WHOLE_OR_NONE,
}
_MEASURED: dict[str, tuple[type, ...]] = {
    "document_tokens": (int,),
    "ingest_s": _NUMBER,
    "ingest_tokens_per_s": _NUMBER,
    "score_share": _NUMBER,
    "evict_share": _NUMBER,
    "first_token_s": _NUMBER,
    "decode_tokens_per_s": (*_NUMBER, type(None)),
    "peak_bytes": _NUMBER,
}
MEASURED = tuple(_MEASURED)  # of a turn of ``bench speed``
_ANSWER = {
    **_COMMON,
    "text": (str,),
    "task": (str,),
    "depth": (*_NUMBER, type(None)),
    "score": _NUMBER,
    "stop_reason": (str,),
}
_ASKED: dict[str, tuple[type, ...]] = {  # of ``bench qa``, where not all answers can be scored
    **_ANSWER,
    "score": (*_NUMBER, type(None)),
    "evidence": (str,),
    "question": (str,),
    "references": (list,),
    "answer": (str,),
    "answer_s": _NUMBER,
    "recall_s": _NUMBER,
    "read_s": (*_NUMBER, type(None)),
}
_MARKED = {  # of ``bench summary`` and ``bench each``, whose answers have several measures
    **{name: kinds for name, kinds in _ASKED.items() if name not in ("score", "references")},
    "measures": (dict,),
}
_FIELDS = {
    "speed": _COMMON | _MEASURED,
    "qa": _ASKED,
    "summary": _MARKED,
    "each": _MARKED,
}
_OPTIONAL: dict[str, tuple[type, ...]] = {
    "references": (list, type(None)),
    "part": (str, type(None)),
    "policy_version": (str, type(None)),
}
_PART = re.compile(r"\d{1,12}(/[1-9]\d{0,11})?", re.ASCII)


def fits(record: Any, bench: Any) -> bool:
    """Whether something is a record of a benchmark, by the name of that."""
    fields = _FIELDS.get(bench, _ANSWER)
    return (
        isinstance(record, dict)
        and all(name in record and type(record[name]) in kinds for name, kinds in fields.items())
        and all(type(record.get(name)) in kinds for name, kinds in _OPTIONAL.items())
        and all(abs(record[name]) < _LARGEST for name in fields if type(record[name]) in _NUMBER)
        and all(record[name] is None or record[name] > 0 for name in ("budget", "length"))
        and (record["budget"] is not None or _keeps_everything(record["policy"]))
        and (record.get("depth") is None or record["length"] is not None)
        and 0 <= (record.get("depth") or 0) <= 1
        and 0 <= (record.get("score") or 0) <= 1
        and all(isinstance(reference, str) for reference in record.get("references") or ())
        and ("measures" not in fields or all(map(_is_measure, record["measures"].values())))
        and ("references" not in fields or len(record["references"]) == 1)  # to judge by
        and record.get("ingest_s", 1) > 0
        and (record.get("part") is None or _PART.fullmatch(record["part"]) is not None)
    )


def _is_measure(value: Any) -> bool:
    """Whether it is a count, a rate from 0 to 1, or so many of so many."""
    if isinstance(value, list):
        return (
            len(value) == 2
            and all(type(number) is int for number in value)
            and 0 <= value[0] <= value[1] < _LARGEST
        )
    if type(value) is float:
        return 0 <= value <= 1
    return type(value) is int and 0 <= value < _LARGEST


def _keeps_everything(policy: str) -> bool:
    """Whether a policy may do without a budget: all but those that are known to evict."""
    known = POLICIES.get(policy.partition(":")[0])
    return known is None or known.scorer is None
