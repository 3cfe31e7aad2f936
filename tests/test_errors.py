import pickle

import pytest

from cfdist import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.GateError, 20),
        (errors.DataError, 30),
        (errors.BuildError, 30),
        (errors.ConfigError, 40),
        (errors.ClusterError, 75),
        (errors.ConflictError, 75),
    ],
)
def test_errors_travel_with_code_and_remedy(kind, code):
    error = pickle.loads(pickle.dumps(kind("what is wrong", remedy="type this")))
    assert isinstance(error, kind)
    assert (error.exit_code, error.message, error.remedy) == (code, "what is wrong", "type this")
    assert "type this" in str(error)
