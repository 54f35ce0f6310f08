"""The first steps of every command that changes a namespace."""

import os

from nsguard import paths
from nsguard.errors import BadInput, NsguardError
from nsguard.system import process


def prepare(name: str) -> None:
    """Check the name and the caller, and turn signals into errors. Raises `NsguardError`."""
    if not paths.valid_name(name):
        raise BadInput(f"{name!a} is not the name of a namespace; use {paths.NAME_RULE}")
    if os.geteuid() != 0:
        raise NsguardError("only root can look into namespaces; use sudo")
    os.umask(0o022)
    process.catch_signals()
