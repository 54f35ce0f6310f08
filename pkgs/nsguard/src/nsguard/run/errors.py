"""The errors of `nsguard run`; their exit statuses differ from those that commands usually have."""

from nsguard.errors import BadInput, NsguardError
from nsguard.run import protocol


class RunFailed(NsguardError):
    """The command did not run, or its end is unknown."""

    status = protocol.FAILED


class BadUsage(BadInput):
    """The command line is wrong. The status is not 2, because the command itself may exit with 2."""

    status = protocol.FAILED
