"""`plumbline agreement` as a person meets it: a file in, JSON or a table out, plain words when it cannot."""

import json
import tomllib
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.stats.agreement import COEFFICIENTS

ORACLES = Path(__file__).parents[1] / "oracles"


@pytest.fixture
def run(capsys):
    def go(*words):
        code = main(["agreement", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return go


@pytest.fixture
def written(tmp_path):
    def write(text, name="ratings.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def long_table(matrix, header="unit,rater,score"):
    """Units × raters as a long table; None is an empty score."""
    lines = [
        f"u{unit},r{rater},{'' if value is None or value != value else value}"
        for unit, row in enumerate(matrix)
        for rater, value in enumerate(row)
    ]
    return "\n".join([header, *lines]) + "\n"


def test_json_has_the_keys_that_scripts_rely_on(run, written):
    case = tomllib.loads((ORACLES / "shrout_fleiss_1979.toml").read_text())
    path = written(long_table(case["ratings"]))
    code, out, err = run(path, "--scale", "interval", "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["units"], found["raters"], found["ratings"]) == (6, 4, 24)
    for key in COEFFICIENTS:
        assert set(found[key]) == {"value", "lower", "upper", "note"}
    for key in ("icc_1_1", "icc_2_1", "icc_3_1"):
        numbers = [found[key][part] for part in ("value", "lower", "upper")]
        assert numbers == pytest.approx(case[key], abs=case["tolerance"])
    assert len(found["pairs"]) == 6
    pair_keys = {"rater_a", "rater_b", "n", "cohen_kappa", "linear_kappa", "quadratic_kappa", "exact"}
    assert all(pair_keys <= set(pair) for pair in found["pairs"])


def test_missing_scores_and_other_column_names(run, written):
    case = tomllib.loads((ORACLES / "krippendorff_2011.toml").read_text())["case"][2]
    by_unit = list(zip(*case["ratings"], strict=True))
    path = written(long_table(by_unit, header="contact_id,grader_id,points"))
    names = ("--unit", "contact_id", "--rater", "grader_id", "--score", "points")
    for scale in ("nominal", "ordinal", "interval"):
        _, out, _ = run(path, *names, "--scale", scale, "--format", "json")
        assert json.loads(out)["krippendorff_alpha"]["value"] == pytest.approx(case[scale], abs=0.0005)


def test_the_same_file_gives_the_same_bytes(run, written):
    path = written(long_table([[1, 2], [2, 2], [3, 3], [1, 1], [4, 3], [2, 1]]))
    assert run(path, "--format", "json") == run(path, "--format", "json")


def test_text_scores_are_nominal_and_have_no_distances(run, written):
    path = written(long_table([["yes", "no"], ["no", "no"], ["yes", "yes"], ["no", "no"], ["yes", "yes"]]))
    _, out, _ = run(path, "--format", "json")
    found = json.loads(out)
    assert found["scale"] == "nominal"
    assert found["percent_exact"]["value"] == 0.8
    assert found["icc_2_1"]["value"] is None
    assert "no distances" in found["icc_2_1"]["note"]
    assert found["pairs"][0]["linear_kappa"] is None


@pytest.mark.parametrize("scale", ["ordinal", "interval"])
def test_text_scores_on_a_scale_of_numbers_are_wrong_usage(run, written, scale):
    path = written(long_table([["yes", "2"], ["1", "no"]]))
    code, out, err = run(path, "--scale", scale)
    assert (code, out) == (2, "")
    assert f"the {scale} scale needs numbers, but 2 scores in column 'score' are none" in err


def test_a_column_that_is_not_there_is_answered_with_those_that_are(run, written):
    code, out, err = run(written("contact,rater,score\n1,a,2\n"))
    assert (code, out) == (2, "")
    assert "no column 'unit'; it has: contact, rater, score" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("unit,rater,score\n", "holds no score"),
        ("unit,rater,score\n,a,1\n", "name no unit"),
    ],
)
def test_files_without_ratings_are_wrong_usage(run, written, text, said):
    code, out, err = run(written(text))
    assert (code, out) == (2, "")
    assert said in err


def test_a_file_that_is_not_there_is_wrong_usage(run, tmp_path):
    code, _, err = run(tmp_path / "none.csv")
    assert code == 2
    assert "there is no file" in err


def test_a_second_score_of_the_same_rater_counts_and_is_said(run, written):
    path = written("unit,rater,score\n1,a,1\n1,b,2\n1,a,2\n")
    code, out, err = run(path, "--format", "json")
    assert code == 0
    assert json.loads(out)["percent_exact"]["value"] == 1.0
    assert err.startswith("1 scores of a unit by the same rater came again")


def test_one_category_says_so_in_the_table(run, written):
    code, out, _ = run(written(long_table([[4, 4]] * 8)))
    assert code == 0
    assert "nothing to tell apart" in out
    assert "nan" not in out


def test_scores_within_a_tolerance(run, written):
    path = written(long_table([[0, 5], [10, 10], [0, 10]]))
    values = {}
    for tolerance in ("1", "5", "10"):
        _, out, _ = run(path, "--tolerance", tolerance, "--format", "json")
        values[tolerance] = json.loads(out)["percent_adjacent"]["value"]
    assert values == pytest.approx({"1": 1 / 3, "5": 2 / 3, "10": 1.0})
