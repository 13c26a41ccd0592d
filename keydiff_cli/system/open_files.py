"""How many files this process may have open at once (``ulimit -n``)."""

from __future__ import annotations

from contextlib import suppress

from keydiff_cli.errors import KeydiffError

LEAST = 64  # documents, snapshots, archives, pipes to other programs, and what libraries open
_WANTED = 256


def allow_open_files() -> None:
    """Raise the limit as far as it may be, if it is a small one.

    Raises
    ------
    KeydiffError
        If it stays too small to work with.
    """
    try:
        import resource
    except ImportError:  # on Windows, which has no such limit
        return
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if limit == unlimited or limit >= _WANTED:
        return
    wanted = _WANTED if most == unlimited else min(_WANTED, most)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        limit = wanted
    if limit < LEAST:
        raise KeydiffError(
            f"no more than {limit} files may be open at once, and {LEAST} are needed; "
            f"run 'ulimit -n {_WANTED}' in a new shell"
        )
