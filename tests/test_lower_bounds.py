"""The lowest versions that are tried are the ones that setup.py declares."""

import lower_bounds
import pytest


def test_a_lower_bound_becomes_the_version():
    assert lower_bounds.lowest("numpy>=2.0") == "numpy==2.0"
    with_marker = "setuptools>=70; python_version >= '3.12'"
    assert lower_bounds.lowest(with_marker) == "setuptools==70; python_version >= '3.12'"
    for unclear in ("numpy", "numpy>=2.0,<3", "numpy==2.0", "numpy<3; python_version >= '3.12'"):
        with pytest.raises(ValueError, match="one lower bound"):
            lower_bounds.lowest(unclear)


def test_every_requirement_has_a_lower_bound_that_is_tried():
    pytest.importorskip("setuptools")
    names = {lower_bounds.lowest(each).partition("==")[0] for each in lower_bounds.declared()}
    assert {"tensorflow", "keras", "numpy", "pytest", "pytest-xdist"} <= names
