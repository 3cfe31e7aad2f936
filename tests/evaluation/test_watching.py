import pytest

from cfdist.evaluation.watching import watch


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def __getattr__(self, name):
        return lambda *given: self.calls.append((name, *given))


def test_stages_within_a_candidate_are_its_tasks():
    heard = Heard()
    progress = watch(heard)
    with progress.candidate("latent"):
        progress.start("matrix")
        progress.add("matrix", 3)
        progress.advance("matrix")
        progress.note("so it is")
        progress.finish("matrix", 1.0, False)
    *calls, (name, candidate, seconds, resumed) = heard.calls
    assert calls == [
        ("start", "latent"), ("add", "latent", 3), ("advance", "latent"), ("note", "so it is"),
    ]  # fmt: skip
    assert (name, candidate, resumed) == ("finish", "latent", False)
    assert seconds >= 0


def test_within_a_candidate_another_one_is_not_told():
    heard = Heard()
    progress = watch(heard)
    with progress.candidate("hold_out"):
        with progress.candidate("latent"):
            progress.add("matrix", 2)
        progress.add("matrix", 1)
    assert [call[:2] for call in heard.calls] == [
        ("start", "hold_out"), ("add", "hold_out"), ("add", "hold_out"), ("finish", "hold_out"),
    ]  # fmt: skip


def test_an_error_goes_through_and_the_next_candidate_is_told():
    heard = Heard()
    progress = watch(heard)
    with pytest.raises(ZeroDivisionError), progress.candidate("a"):
        raise ZeroDivisionError
    with progress.candidate("b"):
        progress.advance("x")
    assert ("advance", "b") in heard.calls


def test_one_listener_by_candidate_is_enough():
    progress = watch(Heard())
    assert watch(progress) is progress
