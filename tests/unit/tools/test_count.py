"""tools/count: what it makes of the guest's lines, and of a measure to hold them against."""

import argparse
import json

import pytest

FOUND = {"tls/x": {"total": 1000, "up": 10}, "find/mean": {"total": 72}}


def options(**given):
    return argparse.Namespace(**{"check": None, "twice": False, **given})


def guest(count, monkeypatch, tmp_path, lines):
    flash = tmp_path / "flash"
    flash.write_bytes(b"\xff")
    monkeypatch.setattr(count, "run_guest", lambda number, path: lines)
    return count.run_scenario("tls", flash)


def test_the_guests_lines_become_numbers(count, monkeypatch, tmp_path):
    found = guest(count, monkeypatch, tmp_path,
                  ["count-begin", "noise", "count x total=12 up=3", "count y total=4", "count-end"])
    assert found == {"tls/x": {"total": 12, "up": 3}, "tls/y": {"total": 4}}


@pytest.mark.parametrize("lines,words", [
    (["count-begin", "count-failed the answer: timeout"], "the answer"),
    (["count-begin", "count x total=1"], "count x"),
    (["count-begin", "count-begin"], "restarted"),
    ([], "nothing"),
])
def test_a_guest_that_does_not_come_to_its_end_is_a_failure(count, monkeypatch, tmp_path, lines, words):
    with pytest.raises(count.Failed, match=words):
        guest(count, monkeypatch, tmp_path, lines)


def test_the_same_counts_pass(count):
    assert count.compare(FOUND, FOUND) == ([], [])


def test_a_little_dearer_passes_and_more_does_not(count):
    assert count.compare({"tls/x": {"total": 1030}}, {"tls/x": {"total": 1000}}) == ([], [])
    dearer, cheaper = count.compare({"tls/x": {"total": 1031}}, {"tls/x": {"total": 1000}})
    assert (len(dearer), cheaper) == (1, [])


def test_bytes_and_round_trips_count_as_well(count):
    assert count.compare({"tls/x": {"trips": 3}}, {"tls/x": {"trips": 2}})[0]


def test_what_is_cheaper_is_told_and_passes(count, tmp_path, capsys):
    measure = tmp_path / "counts.json"
    measure.write_text(json.dumps({"tls/x": {"total": 2000, "up": 10}, "find/mean": {"total": 72}}))
    assert count.judge(options(check=measure), FOUND, []) == 0
    assert "cheaper: tls/x total: 1000, was 2000" in capsys.readouterr().err


def test_a_finding_without_a_measure_fails(count):
    assert count.compare({"tls/x": {"total": 1}}, {})[0]


def test_a_finding_that_went_missing_fails_only_when_its_scenario_ran(count):
    measure = {**FOUND, "tls/y": {"total": 1}, "order/key": {"total": 1}}
    assert count.compare(FOUND, measure)[0] == ["tls/y is not counted any more"]


def test_a_difference_between_two_runs_fails(count):
    assert count.judge(options(twice=True), FOUND, ["tls/x: 1 and then 2"]) == 1
    assert count.judge(options(twice=True), FOUND, []) == 0
