from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from cfdist.evaluation.report.markup import clean, in_chart, name, tag


class Reader(HTMLParser):
    """Everything that a parser sees."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(("start", tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.seen.append(("end", tag))

    def handle_data(self, data):
        self.seen.append(("text", data))


def read(markup):
    reader = Reader()
    reader.feed(str(markup))
    reader.close()
    return reader.seen


@given(st.text(min_size=1), st.text())
def test_any_text_comes_back_as_text_and_any_attribute_as_value(inner, attribute):
    start, *texts, end = read(tag("p", inner, title=attribute))
    assert start == ("start", "p", {"title": clean(attribute)})
    assert "".join(text for _, text in texts) == clean(inner)
    assert end == ("end", "p")


@given(st.text(alphabet=st.characters()))
def test_clean_text_can_be_written_and_does_not_turn(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(ord(letter) < 32 or "\u202a" <= letter <= "\u202e" for letter in cleaned)
    assert len(cleaned) == len(text)
    assert clean(cleaned) == cleaned


def test_markup_is_kept_as_content_and_escaped_as_attribute():
    inner = Markup('<b title="x">y</b>')
    assert str(tag("p", inner)) == '<p><b title="x">y</b></p>'
    assert read(tag("p", title=inner))[0] == ("start", "p", {"title": str(inner)})


def test_braces_are_text_not_fields():
    assert str(tag("p", "{0.__class__}", title="{1}")) == '<p title="{1}">{0.__class__}</p>'


def test_names_lose_their_middle_and_keep_their_direction_to_themselves():
    long = "latent, 200 components, article scaling 0.5"
    assert str(name(long, 21)) == f'<bdi title="{long}">latent, 20…caling 0.5</bdi>'
    assert str(name("<i>")) == "<bdi>&lt;i&gt;</bdi>"
    assert str(in_chart("a<b")) == "\u2068a&lt;b\u2069"
    assert len(in_chart("x" * 100)) == 30
