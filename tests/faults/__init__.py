"""What happens when processes are killed, bits flip, disks fill up and several write at once.

    python -m tests.faults [SECTION ...] [--seed N] [--kills N] [--bits N]

runs for minutes, outside of the quick suite. A table tells, for each section, how often something
was tried; how often a wrong result was accepted (silent), anything but an error for the user was
raised (tracebacks), a process was left (orphans) or a run ended with other bits (different). All
are to be 0.
"""
