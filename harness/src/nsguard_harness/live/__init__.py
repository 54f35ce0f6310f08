"""The suite on a user's own host: what needs no lab, against a namespace as it is, with nothing changed.

It starts transient units, captures, and sends a few hundred packets; all of that is gone after it.
"""
