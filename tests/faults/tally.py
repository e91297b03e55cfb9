"""What a section of faults counts, and the processes that it starts."""

import contextlib
import dataclasses
import os
import signal
import sys
import time
import traceback

from keras_vae import UserError

# What the command line prints without a traceback.
UNFORESEEN = 3


@dataclasses.dataclass
class Tally:
    """Counts of one section.

    Attributes:
        tried: Faults that were made.
        silent: Wrong results that were accepted.
        tracebacks: Errors that are none for the user.
        orphans: Processes that were left.
        different: Runs that ended with other bits.
    """

    tried: int = 0
    silent: int = 0
    tracebacks: int = 0
    orphans: int = 0
    different: int = 0

    def wrong(self):
        return self.silent + self.tracebacks + self.orphans + self.different

    @contextlib.contextmanager
    def expecting_user_errors(self):
        """Counts an error; one that is none for the user is printed as well."""
        self.tried += 1
        try:
            yield
        except UserError:
            return
        except Exception:
            traceback.print_exc()
            self.tracebacks += 1


def start(function, *arguments):
    """Calls a function in a forked process; returns its number."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = UNFORESEEN
    try:
        function(*arguments)
        status = 0
    except UserError as error:
        print(error, file=sys.stderr)
        status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def status_of(pid):
    """Waits for a process; returns its exit status, or minus the number of its signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(function, *arguments):
    """Calls a function in a process of its own; returns seconds that it took.

    Raises:
        RuntimeError: If it failed.
    """
    begun = time.monotonic()
    status = status_of(start(function, *arguments))
    if status != 0:
        raise RuntimeError(f"{function.__name__} ended with {status}.")
    return time.monotonic() - begun


def kill_after(pid, seconds, number=signal.SIGKILL):
    """Kills a process unless it has ended by then; returns its exit status."""
    time.sleep(seconds)
    os.kill(pid, number)
    return status_of(pid)
