from __future__ import annotations

import os

import pytest
from hypothesis import settings

# The contract checks speak in asserts; they shall say as much as those of the tests.
pytest.register_assert_rewrite("pilothouse.testing")

# On a shared machine the time of one example says nothing. CI repeats itself; a developer's runs go on exploring.
settings.register_profile("pilothouse", max_examples=100, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("pilothouse")

# For --hypothesis-profile=deep. What was found once is looked at first, so a run that found something ends soon.
settings.register_profile("deep", max_examples=10_000, deadline=None, derandomize=False)
