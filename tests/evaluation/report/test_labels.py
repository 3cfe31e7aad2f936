from hypothesis import given
from hypothesis import strategies as st

from cfdist.evaluation.report.labels import NARROW, WIDE, _box, _width, spots

POINTS = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 280)), min_size=1, max_size=30)


def overlap(a, b):
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]


@given(POINTS)
def test_no_label_covers_another_in_either_width(points):
    texts = [f"candidate {i}" for i in range(len(points))]
    found = list(zip(texts, points, spots(texts, points), strict=True))
    for chart, shown in ((WIDE, lambda s: True), (NARROW, lambda s: s.in_narrow)):
        boxes = [_box(s, p[0], _width(t), chart) for t, p, s in found if s and shown(s)]
        assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_first_label_has_room_where_it_is_alone():
    (spot,) = spots(["latent"], [(50.0, 100.0)])
    assert spot is not None
    assert spot.in_narrow


def test_at_the_right_edge_a_label_stands_on_the_left():
    (spot,) = spots(["user_neighbors"], [(99.0, 100.0)])
    assert spot is not None
    assert spot.anchor == "end"


def test_wide_letters_need_twice_the_room():
    assert _width("珈琲") > 1.9 * _width("ab")
