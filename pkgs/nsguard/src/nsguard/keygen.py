"""`nsguard keygen FILE|- [ADDRESS ...]`: a key for this end, and the other end's stanza for it.

The private key goes into FILE (mode 0600; an existing file is used), and the stanza to standard output. With -, the
private key goes to standard output, which must not be a terminal, and the stanza goes to standard error.
"""

import os
import sys

from nsguard.errors import BadInput
from nsguard.spec import keys, values
from nsguard.system import process

USAGE = "nsguard keygen FILE|- [ADDRESS ...]"


def run(arguments: list[str]) -> int:
    """Make the key and print the stanza. Raises `BadInput` before anything is made."""
    if not arguments or arguments[0].startswith("--"):
        raise BadInput(f"keygen: no file for the private key; usage: {USAGE}")
    path, *texts = arguments
    try:
        networks = [values.network(str(values.interface(text).ip)) for text in texts]
    except ValueError as error:
        raise BadInput(f"keygen: {error}") from None
    allowed = ", ".join(str(network) for network in networks) or "# the addresses of this end, such as 10.66.0.2/32"
    if path != "-":
        os.umask(0o077)
        keys.ensure(os.path.abspath(path))
        print(_stanza(_public(keys.read(path).reveal()), allowed))
        return 0
    if sys.stdout.isatty():
        raise BadInput(
            f"keygen: a private key would be shown on the terminal; name a file, or redirect the output: {USAGE}"
        )
    private = process.ask("wg", "genkey").strip()
    print(private)
    process.say(_stanza(_public(private), allowed))
    return 0


def _public(private: str) -> str:
    return process.ask("wg", "pubkey", stdin=private).strip()


def _stanza(public: str, allowed: str) -> str:
    return f"[Peer]\nPublicKey = {public}\nAllowedIPs = {allowed}"
