"""The machine: memory and cores that this process may use, and the memory that it does use."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def resident() -> int:
    """Resident memory of this process now, in bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Largest resident memory of this process so far, in bytes.

    On Linux from ``VmHWM``: ``getrusage`` would count the parent before ``exec`` too.
    """
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * 1024


def physical_memory() -> int:
    """Memory of the machine, or of the container if that has less, in bytes."""
    import psutil

    limits = [int(words[0]) for words in _limits("memory.max")]
    return min([int(psutil.virtual_memory().total), *limits])


def usable_memory() -> int:
    """Memory that this process may take before others have to give some up, in bytes."""
    import psutil

    free = int(psutil.virtual_memory().available)
    return min(resident() + free, physical_memory())


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def processor_features() -> str:
    """What the processor can do, that programs are built for; empty if the system does not tell."""
    return _cpuinfo("flags") or _cpuinfo("Features")  # x86 and ARM


def _cpuinfo(name: str) -> str:
    """The first value of this name that Linux tells of its processors."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.partition(":")[0].strip() == name:
                return line.partition(":")[2].strip()
    return ""


def physical_cores() -> int:
    """Physical cores that this process may keep busy, at least 1."""
    import psutil

    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    shares = [-(-int(quota) // int(period)) for quota, period in _limits("cpu.max")]
    return max(min([cores, *shares]), 1)


def _limits(name: str) -> Iterator[list[str]]:
    """The words of a limit of this process's control group (version 2) and of those above it."""
    try:
        groups = _OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for group in groups:
        if not group.startswith("0::/"):
            continue
        folder = _CGROUPS / group.removeprefix("0::/")
        for above in (folder, *folder.parents):
            if not above.is_relative_to(_CGROUPS):
                break
            try:
                words = (above / name).read_text(encoding="ascii").split()
            except OSError:
                continue
            if words and words[0] != "max":
                yield words
