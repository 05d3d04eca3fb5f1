from __future__ import annotations

import os

import pytest
from hypothesis import settings

# The contract checks speak in asserts; they shall say as much as those of the tests.
pytest.register_assert_rewrite("pilothouse.testing")

# On a shared machine the time of one example says nothing. CI repeats itself; a developer's runs go on exploring.
settings.register_profile("pilothouse", max_examples=100, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("pilothouse")

# Chosen with --hypothesis-profile=deep: about a quarter of an hour for tests/protocol on one core.
settings.register_profile("deep", max_examples=12_000, deadline=None, derandomize=False)
