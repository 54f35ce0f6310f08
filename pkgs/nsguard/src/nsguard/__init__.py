"""nsguard's runtime: a WireGuard tunnel alone in a network namespace, up, down, changed and shown.

One spec file per namespace says what is wanted; `ip`, `nft` and `wg` do it. Standard library only, and each
command imports just what it needs: what runs before a command, or for each `nsguard run`, is awaited.
"""

__version__ = "0.1.0"
