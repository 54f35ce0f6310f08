"""Marks of tests that evaluate the plan."""

from __future__ import annotations

import shutil

import pytest

needs_nix = pytest.mark.skipif(shutil.which("nix-instantiate") is None, reason="nix-instantiate is not installed")
