"""What went wrong with the hub, in one clause, with what to do about it."""

from __future__ import annotations

from typing import Any

_ADVICE = {
    401: "no such model, or not public: check its name, or give a token in HF_TOKEN",
    403: "it may not be read with this token: ask for access on its page",
    404: "no such file",
    429: "too many requests: wait a while, or give a token in HF_TOKEN",
}


def reason(error: Exception, endpoint: str, repo: str = "") -> str:
    """Say in one clause what went wrong with the hub.

    Parameters
    ----------
    error
        What its client raised.
    endpoint
        Address of the hub.
    repo
        The repository that was asked for.
    """
    kind = type(error).__name__
    if kind == "OfflineModeIsEnabled":
        return "HF_HUB_OFFLINE forbids it: unset it to fetch"
    response: Any = getattr(error, "response", None)
    if response is None:
        first = (str(error).strip().splitlines() or [""])[0]
        return f"{endpoint} cannot be reached ({first or kind}): check the network, or HF_ENDPOINT"
    status = response.status_code
    if kind == "GatedRepoError":
        page = f"{endpoint}/{repo}" if repo else "its page"
        advice = f"gated: accept its terms on {page}, and give a token in HF_TOKEN"
    elif kind == "RevisionNotFoundError":
        advice = "no such branch, tag or commit"
    elif kind == "RepositoryNotFoundError" and status == 404:
        advice = "no such repository: check its name"
    elif status >= 500:
        advice = "the fault is there: try again later"
    else:
        advice = _ADVICE.get(status, "")
    return f"{endpoint} answers {status}" + (f" ({advice})" if advice else "")
