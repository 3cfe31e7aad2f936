"""Each engine has every function, under the same parameters."""

import inspect

import pytest
from frame_engines import strict_gpu

from cfdist.input.frames import ENGINES, Frames, get_frames

FUNCTIONS = [name for name in vars(Frames) if not name.startswith("_")]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_engine_has_the_functions(engine, name):
    with strict_gpu():
        function = getattr(get_frames(engine), name)
        wanted = list(inspect.signature(getattr(Frames, name)).parameters)[1:]
        assert list(inspect.signature(function).parameters) == wanted


def test_no_other_engine():
    with pytest.raises(KeyError):
        get_frames("pandas")
