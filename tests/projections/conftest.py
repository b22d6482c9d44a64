"""A company on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.projections.company import Company


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def company(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Company]:
    """A company with its owner and nothing else."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    found = await Company(tmp_path, url).begin()
    yield found
    await found.close()
