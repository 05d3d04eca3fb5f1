from __future__ import annotations

import os

from hypothesis import settings

# On a shared machine the time of one example says nothing. CI repeats itself; a developer's runs go on exploring.
settings.register_profile("pilothouse", max_examples=100, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("pilothouse")
