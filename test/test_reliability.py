"""The page on reliability names tests that are there."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAMED = re.findall(r"\| `([\w/]+\.py)::(\w+)` \|$", (HERE.parent / "docs/reliability.md").read_text(), re.M)


def test_there_are_rows():
    assert len(NAMED) >= 60


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_its_test_is_there(file, test):
    assert re.search(rf"^ *def {test}\(", (HERE / file).read_text(), re.M)
