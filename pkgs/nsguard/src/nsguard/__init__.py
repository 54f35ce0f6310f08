"""nsguard's runtime: it creates, changes, removes and shows network namespaces and their WireGuard tunnels.

One spec file per namespace describes the target; `ip`, `nft` and `wg` apply it. The runtime uses only the standard
library, and each command imports only what it needs, because services and users wait for its start.
"""

__version__ = "0.1.0"
