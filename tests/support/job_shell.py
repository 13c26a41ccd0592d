"""A shell that runs one command as a job on its terminal, and changes no mode of the terminal.

It says the job's process number first. When the job stops it says so and waits for a line, typed at
the terminal, to go on with the job. It ends with the job's status, as a shell gives it.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command of the arguments."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # who takes the terminal from the background
    job = os.fork()
    if not job:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.argv[1], sys.argv[1:])
    print(f"[job {job}]", flush=True)
    while os.WIFSTOPPED(status := os.waitpid(job, os.WUNTRACED)[1]):
        os.tcsetpgrp(0, os.getpgrp())
        print("[stopped]", flush=True)
        sys.stdin.readline()
        os.tcsetpgrp(0, job)
        os.killpg(job, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)


main()
