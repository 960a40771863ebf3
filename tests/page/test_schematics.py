"""Schematics of the paper's figures: as many panels, lines and bars as the paper says, where it says so."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from mirage_utils.errors import UnknownNameError
from mirage_utils.page.schematics import PLATES, schematic

SVG = "{http://www.w3.org/2000/svg}"


def panels(number):
    return [each for row in PLATES[number].rows for each in row]


def test_every_figure_has_its_panels_in_the_papers_rows_and_columns():
    stated = {1: (2, 4), 2: (2, 3), 3: (2, 3), 4: (1, 3), 5: (1, 3), 6: (1, 2), 7: (1, 3), 8: (1, 3), 9: (1, 1), 10: (1, 3)}  # fmt: skip
    found = {n: (len(plate.rows), *{len(row) for row in plate.rows}) for n, plate in PLATES.items()}
    assert found == stated


@pytest.mark.parametrize(("number", "letters"), [(1, "ABCDEFGH"), (2, "ABCDEF"), (5, "ABC"), (7, "ABC"), (8, "ABC"), (10, "ABC")])  # fmt: skip
def test_panels_have_the_papers_letters(number, letters):
    assert "".join(each.title[0] for each in panels(number)) == letters


def test_counts_are_to_scale():
    high, claimed, two = panels(5)
    assert (high.slots, claimed.slots) == ((5, 39), (4, 39))
    assert two.slots[0] / two.slots[1] == pytest.approx(0.92)


def test_models_stand_where_their_sizes_are():
    """Equal distances along the axis are equal ratios of the sizes that the paper names."""
    toy, *measured = panels(4)
    places = measured[0].lines[0][:, 0]
    sizes = np.log([350e6, 1.3e9, 6.7e9, 175e9])
    assert np.diff(places) / np.diff(places).sum() == pytest.approx(np.diff(sizes) / np.ptp(sizes))
    assert len(toy.lines) == len(measured[0].lines) == len(measured[1].lines) == 5


def test_lines_of_formulas_are_the_formulas():
    loss, one, every, choice, edits, squared = panels(2)
    x, y = loss.lines[0].T
    assert np.ptp(np.diff(y) / np.diff(x)) == pytest.approx(0, abs=1e-9)  # a power law
    p = one.lines[0][:, 1]
    for length, line in enumerate(every.lines, 1):
        assert line[:, 1] == pytest.approx(p**length)
    assert len(set(np.round(choice.lines[0][:, 1], 6))) == 2  # a step
    for length, line in enumerate(edits.lines, 1):  # proportional to L (1 - p)
        assert line[:, 1] / edits.lines[0][:, 1].max() == pytest.approx(
            length * (1 - p) / (1 - p).max()
        )
    assert np.sqrt(squared.lines[0][:, 1] / 0.95) == pytest.approx(1 - p)


@pytest.mark.parametrize("number", sorted(PLATES))
def test_a_schematic_is_a_picture_with_words_in_colours_of_the_page(number):
    root = ElementTree.fromstring(schematic(number))
    assert root.get("role") == "img"
    assert len(root.get("aria-label").split()) > 12
    text = ElementTree.tostring(root, encoding="unicode")
    assert not re.search(r'(?:fill|stroke)="#', text)
    box = [float(v) for v in root.get("viewBox").split()]
    for line in root.iter(f"{SVG}polyline"):
        points = np.array([p.split(",") for p in line.get("points").split()], dtype=float)
        assert np.isfinite(points).all()
        assert points.min() >= -0.1
        assert points.max() <= max(box[2:])


def test_there_are_ten():
    with pytest.raises(UnknownNameError, match="1 to 10"):
        schematic(11)
