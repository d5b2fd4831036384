"""The real articles that stand beside the checkout, in `../shared/data`: tests read them there and fail where they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def shared(name: str) -> Path:
    """The file or folder of this name. Fails the test that asks for one that is not there, and says what to do."""
    path = FOLDER / name
    if not path.exists():
        pytest.fail(f"{path} is missing: this test reads real articles, and the folder shared/data with them belongs beside the checkout")
    return path


def seed(number: str) -> str:
    """The text of the seed article whose file begins with `number`."""
    return next(shared("seeds").glob(f"{number}_*")).read_text(encoding="utf-8")
