from __future__ import annotations

import pytest

# So that a failed contract check says which values it compared.
pytest.register_assert_rewrite("pilothouse.testing.transport_contract", "pilothouse.testing.byte_transport_contract")
