import copy
import json
import re
from html.parser import HTMLParser

import pytest

from cfdist.evaluation.report import render, verdict

VOID = {"meta", "br", "link"}
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style></script></title></svg><!--",
    "{{ 7 * 7 }}{% raw %}",
    "a\x00b\x1b[31m\x9b\ud800",
    "\u202eevil\u2066",
    "קפה שחור",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "x" * 2000,
)


class Page(HTMLParser):
    """A page read strictly: every element that opens closes, in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        raise AssertionError(f"<{tag}/>")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def sections(self):
        return [attributes["id"] for attributes in self.all("section")]

    @property
    def text(self):
        return " ".join(self.texts)


KEYS = (
    "candidates", "split", "population", "decision", "components", "pairs", "examples", "sample",
    "trials", "importance", "notes", "command", "title", "run", "created_at", "metric", "k",
    "seconds",
)  # fmt: skip
ALL = [
    "candidates", "failed", "difference", "cost", "components", "groups", "categories", "coverage",
    "examples", "split", "population", "sample", "sweep", "metrics", "notes", "reproduce",
]  # fmt: skip


@pytest.fixture
def page(evaluation):
    return Page(render(evaluation, copy.deepcopy(evaluation)))


def test_every_section_is_there_with_its_heading_and_entry(page):
    assert page.sections == ALL
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in page.all("a")]
    assert {link.removeprefix("#") for link in links} == {*ALL, "main"}
    for _, attributes in page.elements:
        for reference in attributes.get("aria-labelledby", "").split():
            assert reference in ids


def test_the_page_opens_with_the_verdict(page, evaluation):
    first = verdict(evaluation).split(" In the later")[0]
    assert first in page.texts


def test_nothing_is_loaded(evaluation):
    html = render(evaluation)
    links = re.findall(r"""(?:src|href|xlink:href|action|data)\s*=\s*["']?([^"'\s>]*)""", html)
    assert links
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"url\(|@import|fetch\(|https?://", html)
    policy = next(
        a["content"] for a in Page(html).all("meta") if "content" in a and "src" in a["content"]
    )
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_policy_allows_exactly_the_inline_style_and_script(evaluation):
    import base64
    import hashlib

    html = render(evaluation)
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        (inner,) = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{directive} &#39;sha256-{digest.replace('+', '&#43;')}&#39;" in html.replace(
            "+", "&#43;"
        )
    assert not any("style" in attributes for _, attributes in Page(html).elements)
    assert not any(name.startswith("on") for _, a in Page(html).elements for name in a)


def test_charts_are_described_or_stand_beside_their_numbers(page):
    charts = page.all("svg")
    assert sum(chart.get("role") == "img" for chart in charts) == 3
    for chart in charts:
        if "class" in chart and chart["class"] in ("plot", "strip", "sign"):
            assert chart.get("role") == "img" or chart.get("aria-hidden") == "true"


def replaced(value, hostile):
    """All texts of a document replaced, but for those that the program reads."""
    kept = {"metric", "articles", "status", "role", "created_at", "expires_at"}
    kept |= {"train_from", "train_until", "test_until"}
    if isinstance(value, dict):
        return {
            k: v if k in kept and isinstance(v, str) else replaced(v, hostile)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [replaced(v, hostile) for v in value]
    return hostile if isinstance(value, str) else value


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_never_becomes_markup(evaluation, hostile):
    usual = Page(render(evaluation))
    document = replaced(evaluation, hostile)
    for number, one in enumerate(document["candidates"]):
        one["name"] += str(number)
        one["settings"] = {hostile: hostile}
        one["metrics"] = {
            kind: {**m, f"{hostile}@10": m["recall@10"]} for kind, m in one["metrics"].items()
        }
    html = render(document, copy.deepcopy(document), with_ids=True)
    html.encode("utf-8")
    found = Page(html)
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in usual.elements}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)
    assert len(found.all("script")) == 1
    assert "49" not in found.all("title")[:1]


def test_template_marks_in_the_data_stay_text(evaluation):
    evaluation["title"] = "{{ 7 * 7 }}"
    assert "<title>{{ 7 * 7 }}</title>" in render(evaluation)


def test_users_are_numbered_unless_ids_are_asked_for(evaluation):
    assert "customer-" not in render(evaluation)
    assert "user 10" in render(evaluation)
    assert "customer-4711" in render(evaluation, with_ids=True)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["missing", None])
def test_a_missing_key_leaves_its_section_out(evaluation, key, value):
    if value == "missing":
        del evaluation[key]
    else:
        evaluation[key] = None
    found = Page(render(evaluation))
    gone = {"components", "examples", "sample", "population", "split", "notes"} & {key}
    gone |= {"sweep"} if key == "trials" else set()
    assert not gone & set(found.sections)


def test_parts_of_candidates_may_be_missing(evaluation):
    for one in evaluation["candidates"]:
        for key in ("lists", "groups", "categories", "against_popular", "against_best", "seconds",
                    "settings", "error", "report_metrics", "method"):  # fmt: skip
            one.pop(key, None)
    found = Page(render(evaluation))
    assert not {"cost", "groups", "categories", "coverage"} & set(found.sections)
    assert "minus popular" not in found.text


def test_an_empty_document_is_a_page():
    found = Page(render({}))
    assert found.sections == []
    assert "No verdict: no candidate was measured." in found.text


@pytest.mark.parametrize("n", [1, 2, 30])
def test_one_candidate_and_thirty(build, evaluation, n):
    evaluation["candidates"] = [
        build["candidate"](f"candidate {i}", 0.02 - 0.0004 * i, 0.5 * 1.2**i, (0.001, 0.002), None)
        for i in range(n)
    ]
    found = Page(render(evaluation, copy.deepcopy(evaluation)))
    assert ("cost" in found.sections) == (n > 1)
    assert all(f"candidate {i}" in found.texts for i in range(n))


def test_zero_users(evaluation):
    evaluation["population"] = {"n_users_in_test": 0, "n_judged": 0, "n_cold_users": 0}
    nothing = dict.fromkeys(("mean", "low", "high", "standard_error"), None) | {"n_users": 0}
    for one in evaluation["candidates"]:
        one["metrics"] = {"new": {"recall@10": nothing}}
        one["groups"] = []
    evaluation["components"] = [{"n_components": n, **nothing} for n in (10, 20)]
    found = Page(render(evaluation))
    assert "No verdict: there is no user to judge." in found.texts
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+|[a-z]+nan", "", found.text.lower())


def test_numbers_are_formatted(page):
    for figure in (
        "0.0184",
        " ± 0.0017",
        "1,981",
        "36 %",
        "+0.0049 ± 0.0017",
        "0.93",
        "8.7 s",
        "2 min",
    ):
        assert any(figure in text for text in page.texts), figure
    assert not re.search(r"\d\.\d{7,}", page.text)
    for _, attributes in page.elements:
        for value in attributes.values():
            assert value is None or not re.search(r"\d\.\d{5,}|nan|inf\b", value)


def test_values_are_drawn_where_they_lie(evaluation):
    """Of two candidates the better one's mark is further right, in proportion to the axis."""
    html = render({**evaluation, "candidates": evaluation["candidates"][:2]})
    forest = html.split('id="candidates"')[1].split("</section>")[0]
    better, popular = re.findall(r'<svg x="([\d.]+)%" y="13.0" class="at">', forest)[:3:2]
    ticks = [float(x) for x in re.findall(r'<text x="([\d.]+)%"', forest)]
    labels = [float(t) for t in re.findall(r">(0\.\d+)</text>", forest)]
    low, high = labels[0], labels[1]
    per_unit = (ticks[1] - ticks[0]) / (high - low)
    assert float(better) == pytest.approx(ticks[0] + per_unit * (0.0184 - low), abs=0.02)
    assert float(popular) == pytest.approx(ticks[0] + per_unit * (0.0135 - low), abs=0.02)


def test_the_chosen_one_and_popular_are_marked(page):
    rows = [a.get("class") for a in page.all("tr")]
    assert rows.count("chosen") > 3
    assert "chosen" in page.texts
    assert "reference" in page.texts


def test_the_warning_of_a_split_is_told(evaluation):
    evaluation["split"]["warning"] = "last-k per user leaks other users' future"
    found = Page(render(evaluation))
    assert "last-k per user leaks other users' future" in found.text


def test_windows_are_drawn_to_scale(evaluation):
    """Train is 243 of 355 days in the first window, and every test 28 of them."""
    html = render(evaluation)
    trained, *_ = re.findall(r'width="([\d.]+)%"[^>]*class="period trained"', html)[1:]
    tested = re.findall(r'width="([\d.]+)%"[^>]*class="period tested(?: report)?"', html)[2:]
    assert float(trained) == pytest.approx(100 * 243 / 355, abs=0.01)
    assert [float(width) for width in tested] == pytest.approx([100 * 28 / 355] * 4, abs=0.01)


def test_bars_show_the_length_that_is_judged_and_a_table_all(evaluation):
    for one in evaluation["candidates"][:-1]:
        one["lists"] |= {"coverage@5": 0.123, "coverage@20": 0.789}
    html = render(evaluation).split('id="coverage"')[1].split("</section>")[0]
    chart, table = html.split("<details>")
    assert "coverage@10" in chart
    assert "coverage@5" not in chart
    assert "12 %" in table
    assert "79 %" in table


def test_a_split_without_dates_has_a_table_and_no_line(evaluation):
    for window in evaluation["split"]["windows"]:
        window["train_until"] = window["test_until"] = None
    html = render(evaluation)
    assert "period trained" not in html
    assert "812,000" in html


def test_failed_candidates_show_their_error_and_no_password(evaluation):
    evaluation["candidates"][-1]["error"] = "cannot read s3://me:pa55word@host/a"
    evaluation["input"] = "s3://me:pa55word@host/a"
    found = Page(render(evaluation))
    assert "cannot read s3://me:***@host/a" in found.text
    assert "pa55word" not in found.text


def test_the_difference_to_the_last_run(evaluation, build):
    last = copy.deepcopy(evaluation)
    last["candidates"][3]["metrics"]["new"]["recall@10"] = build["estimate"](0.0150, 0.0009)
    last["candidates"][4]["name"] = "an old one"
    last["candidates"][1]["settings"]["factorize.n_components"] = 40
    evaluation["settings"] = {"ingest": {"input": "b", "storage_options": {"key": "secret"}}}
    last["settings"] = {"ingest": {"input": "a", "storage_options": {"key": "other"}}}
    html = render(evaluation, last)
    changes = Page(html.split('id="difference"')[1].split(">", 1)[1].split("</section>")[0])
    assert "better by 19 %" in changes.texts
    assert "new in this run" in changes.texts
    assert "not in this run" in changes.texts
    assert "user_neighbors: factorize.n_components" in changes.texts
    assert "ingest.input" in changes.texts
    assert "secret" not in html
    assert changes.texts.count("within the noise") == 4


def test_a_run_that_was_judged_otherwise_is_not_compared(evaluation):
    last = copy.deepcopy(evaluation)
    last["metric"] = "ndcg"
    found = Page(render(evaluation, last))
    assert "results cannot be compared" in found.text
    assert "within the noise" not in found.texts


def test_the_same_values_give_the_same_page(evaluation):
    stored = json.loads(json.dumps(evaluation))
    assert render(evaluation) == render(stored)
