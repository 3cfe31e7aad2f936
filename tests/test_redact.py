import pytest

from cfdist.redact import redact, redact_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket/a", "s3://bucket/a"),
        ("https://me:pa:ss@host/a", "https://me:***@host/a"),
        ("https://host/a?token=abc&x=1", "https://host/a?token=***&x=1"),
        ("https://host/a?X-Amz-Signature=abc", "https://host/a?X-Amz-Signature=***"),
    ],
)
def test_addresses(text, shown):
    assert redact_text(text) == shown


def test_storage_options_at_any_depth():
    given = {"ingest": {"storage_options": {"key": "k", "client": {"secret": "s"}}, "n": 3}}
    assert redact(given) == {"ingest": {"storage_options": {"key": "***", "client": "***"}, "n": 3}}
