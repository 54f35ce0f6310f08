"""What can go wrong. Each message is one line: where, what; how to mend it."""


class NsguardError(Exception):
    """Something failed while it was done; what had been done is undone."""

    status = 1


class BadInput(NsguardError):
    """What was asked for, or a file that says so, is wrong; nothing was changed."""

    status = 2


class Stopped(NsguardError):
    """A signal asked us to stop."""
