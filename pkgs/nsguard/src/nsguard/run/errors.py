"""The errors of `nsguard run`; their exit statuses differ from those that commands usually have."""

from nsguard.errors import BadInput, NsguardError
from nsguard.run import protocol


class RunFailed(NsguardError):
    """The command did not run, or its end is unknown."""

    status = protocol.FAILED


class BadUsage(BadInput):
    """The command line is wrong. Not 2, which may be the command's own status."""

    status = protocol.FAILED
