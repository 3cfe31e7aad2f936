import pytest

from cfdist.evaluation.report import verdict


def test_the_best_beats_popular_and_is_not_separable_from_another(evaluation):
    assert verdict(evaluation) == (
        "user_neighbors beats popular by 36 % (recall@10 0.0184 against 0.0135, "
        "paired +0.0049 ± 0.0017, 1,981 users); against latent it is not separable. "
        "In the later window, which chose nothing, user_neighbors has 0.0178 against 0.0131, "
        "paired +0.0049 ± 0.0017. Failed: blend."
    )


def plain(build, *rows, **more):
    """Candidates (name, mean, against popular, against the best) without a later window."""
    made = [
        build["candidate"](name, mean, 1.0, popular, best) for name, mean, popular, best in rows
    ]
    for one in made:
        del one["report_metrics"]
    return {"metric": "recall", "k": 10, "articles": "new", "candidates": made, **more}


POPULAR = ("popular", 0.0135, None, (-0.004, 0.001))
CLEAR = ("latent", 0.0179, (0.0044, 0.0018), (0.0, 0.0))
CLOSE = ("spectral", 0.0171, (0.0036, 0.0016), (-0.0008, 0.0011))
FAR = ("rp3beta", 0.0150, (0.0015, 0.0010), (-0.0029, 0.0011))
UNSURE = ("rp3beta", 0.0141, (0.0006, 0.0010), (-0.0005, 0.0009))
WORSE = ("rp3beta", 0.0108, (-0.0027, 0.0010), (-0.0027, 0.0010))


@pytest.mark.parametrize(
    ("rows", "start", "end"),
    [
        ([POPULAR, CLEAR], "latent beats popular by 33 % (", "1,981 users)."),
        ([POPULAR, CLEAR, FAR], "latent beats popular", "; it beats rp3beta too."),
        ([POPULAR, CLEAR, CLOSE, FAR], "latent beats", "; against spectral it is not separable."),
        (
            [POPULAR, UNSURE],
            "Nothing beats popular: rp3beta is not separable from it (recall@10 0.0141 against",
            "paired +0.0006 ± 0.0010, 1,981 users).",
        ),
        (
            [POPULAR, WORSE],
            "popular is best: rp3beta, the nearest, is behind by 20 % (recall@10 0.0108 against",
            "paired −0.0027 ± 0.0010, 1,981 users).",
        ),
        (
            [CLEAR],
            "latent has recall@10 0.0179, 95 % interval 0.0163 to 0.0195, 1,981 users;",
            "there is nothing to compare it with.",
        ),
        ([CLEAR, FAR], "latent has recall@10", "popular was not measured; it beats rp3beta too."),
        ([], "No verdict: no candidate was measured.", ""),
    ],
)
def test_every_outcome_has_its_sentence(build, rows, start, end):
    found = verdict(plain(build, *rows))
    assert found.startswith(start), found
    assert found.endswith(end), found


def test_the_chosen_one_is_the_subject_though_another_measured_more(build):
    document = plain(build, POPULAR, CLEAR, CLOSE, decision={"name": "spectral"})
    assert verdict(document).startswith("spectral beats popular by 27 %")
    assert verdict(document).endswith(
        "; against latent, which measured 0.0179, it is not separable."
    )


def test_a_choice_that_does_not_beat_popular_is_told(build):
    document = plain(build, POPULAR, CLEAR, decision={"name": "popular"})
    assert verdict(document).startswith("latent beats popular")
    assert verdict(document).endswith("; chosen was popular.")


def test_a_better_one_than_the_chosen_is_told(build):
    document = plain(build, POPULAR, CLEAR, FAR, decision={"name": "rp3beta"})
    assert verdict(document).endswith("; latent is better still by 19 %.")


def test_a_lead_that_the_later_window_does_not_confirm_is_doubted(evaluation, build):
    best = evaluation["candidates"][1]
    best["report_against_popular"] = build["estimate"](0.0006, 0.0011)
    assert "paired +0.0006 ± 0.0011; there it is not separable." in verdict(evaluation)


def test_many_rivals_are_counted_not_listed(build):
    far = [(f"r{i}", 0.015, (0.001, 0.0005), (-0.003, 0.001)) for i in range(6)]
    close = [(f"c{i}", 0.017, (0.003, 0.0005), (-0.0003, 0.001)) for i in range(6)]
    assert verdict(plain(build, POPULAR, CLEAR, *far)).endswith(
        "it beats all 6 other candidates too."
    )
    assert verdict(plain(build, POPULAR, CLEAR, *close)).endswith(
        "against c0, c1, c2 and 3 others it is not separable."
    )


def test_nobody_to_judge(evaluation):
    evaluation["population"]["n_judged"] = 0
    assert verdict(evaluation) == (
        "No verdict: there is no user to judge: 271 were not in the training data. Failed: blend."
    )


def test_all_failed(build):
    both = [build["failed"]("latent", "no"), build["failed"]("popular", "no")]
    assert verdict({"candidates": both}) == (
        "No verdict: both candidates failed. Failed: latent and popular."
    )
    assert verdict({"candidates": both[:1]}) == (
        "No verdict: the only candidate failed. Failed: latent."
    )


def test_popular_failed(build):
    document = plain(build, CLEAR, CLOSE)
    document["candidates"].append(build["failed"]("popular", "no"))
    assert verdict(document).endswith(
        "the highest; popular was not measured; against spectral it is not separable. "
        "Failed: popular."
    )


def test_popular_without_a_hit_gives_no_percentage(build):
    document = plain(build, ("popular", 0.0, None, (-0.0179, 0.001)), CLEAR)
    assert verdict(document).startswith("latent beats popular (recall@10 0.0179 against 0.0000")


def test_one_user_has_no_interval_and_proves_nothing(build):
    document = plain(build, POPULAR, CLEAR)
    document["candidates"][1]["against_popular"] = {
        "mean": 0.5, "low": None, "high": None, "standard_error": None, "n_users": 1,
    }  # fmt: skip
    assert verdict(document).startswith("Nothing beats popular: latent is not separable from it")


def test_means_that_are_no_numbers_are_no_candidates(build):
    document = plain(build, POPULAR)
    document["candidates"][0]["metrics"]["new"]["recall@10"]["mean"] = None
    assert verdict(document) == "No verdict: no candidate was measured."
    assert verdict({}) == "No verdict: no candidate was measured."


def test_a_terminal_gets_no_control_characters(build):
    document = plain(build, POPULAR, ("la\x1b[31mtent\n\u202e", 0.0179, (0.0044, 0.0018), None))
    assert verdict(document).startswith("la\ufffd[31mtent \ufffd beats popular")
