"""The README's table "What happens when…" is true: each of its rows has tests, and its numbers are the config's."""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from e2e_client import Client
from scenario_stage import ANSWERED, CLOSED, on_the_socket

from libria.config import Config
from libria_providers.simulator import Simulator

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
OUTAGE = "../unit/daemon/test_outage.py"

PROVEN: Mapping[str, Sequence[str]] = {  # by a phrase of the row, the tests: file, then function
    "answers 429, 5xx or resets": (
        "test_scenarios_limits.py::test_429_with_retry_after_in_seconds",
        "test_scenarios_limits.py::test_429_for_an_hour",
        "test_scenarios_limits.py::test_a_wait_that_passes_the_deadline_means_the_next_target_now",
        "test_scenarios_failures.py::test_503_for_ever",
        "test_scenarios_failures.py::test_a_tcp_reset_before_the_headers",
    ),
    "silent for": (
        "test_scenarios_silence.py::test_accepted_and_silent",
        "test_scenarios_silence.py::test_the_first_token_after_twenty_seconds",
        "../unit/daemon/test_attempt.py::test_signs_of_life_are_no_silence_but_the_total_counts",
    ),
    "breaks, or stalls": (
        "test_scenarios_cut.py::test_cut_at_two_thirds",
        "test_scenarios_cut.py::test_a_clean_http_end_at_two_thirds",
        "test_scenarios_silence.py::test_a_stall_after_a_third",
        "test_scenarios_dialects.py::test_an_error_event_in_the_middle",
    ),
    "cannot be read": (
        "test_scenarios_cut.py::test_the_tenth_event_malformed",
        "test_scenarios_cut.py::test_what_is_malformed_at_the_edges",
    ),
    "again and again": (
        "test_scenarios_failures.py::test_a_provider_that_fails_again_and_again_is_left_alone",
        f"{OUTAGE}::test_down_for_a_minute_then_healthy_twenty_calls_four_seconds_apart",
        f"{OUTAGE}::test_back_on_the_primary_within_thirty_seconds",
    ),
    "hedge_after": (
        "test_scenarios_config.py::test_when_the_first_is_late_the_second_answers",
        "test_scenarios_config.py::test_when_the_first_is_in_time_nobody_else_is_asked",
    ),
    "a key is missing or refused": (
        "test_scenarios_fallback.py::test_401_on_the_first_and_the_fallback_has_a_key",
        "test_scenarios_fallback.py::test_a_missing_key_skips_a_target",
        "test_failures.py::test_a_missing_key_names_the_variable",
    ),
    "too long for the model": ("test_scenarios_fallback.py::test_context_length_goes_to_a_larger_target",),
    "content filter": (
        "test_scenarios_fallback.py::test_a_content_filter_goes_nowhere",
        "test_scenarios_config.py::test_a_content_filter_where_the_user_lets_it_go_on",
    ),
    "you cancel, or your tool goes away": (
        "test_scenarios_cancel.py::test_mid_stream",
        "test_scenarios_cancel.py::test_waiting",
        "test_scenarios_cancel.py::test_a_client_that_goes_away",
    ),
    "does not read its answers": (
        "test_clients.py::test_a_slow_reader_stalls_nobody_and_gets_everything",
        "test_clients.py::test_a_client_that_never_reads_holds_its_own_call_back_only",
    ),
    "the daemon is killed, or hangs": (
        "test_forwarder.py::test_a_daemon_killed_in_the_middle_of_a_stream",
        "test_forwarder.py::test_twenty_clients_and_one_kill",
        "test_forwarder.py::test_a_stopped_daemon_is_ended_and_replaced",
    ),
    "a newer Libria": ("test_upgrade.py::test_nobody_is_cut_and_nothing_is_forgotten",),
    "restarts in mid-answer": ("test_resume.py::test_an_editor_that_was_killed_comes_back",),
    "the same question at temperature 0": ("test_readme_table.py::test_the_same_question_again",),
}


def rows() -> list[str]:
    section = README.read_text(encoding="utf-8").partition("## What happens when…")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][2:]


def row(phrase: str) -> str:
    found = [line for line in rows() if phrase in line]
    assert len(found) == 1, f"“{phrase}” must stand in one row of the README's table"
    return found[0]


@pytest.mark.parametrize("phrase", PROVEN)
def test_the_tests_of_a_row_are_there(phrase: str) -> None:
    row(phrase)
    for place in PROVEN[phrase]:
        file, _, name = place.partition("::")
        tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name in {node.name for node in tree.body if isinstance(node, functions)}, f"{place} is gone"


def test_each_row_has_tests() -> None:
    told = [row(phrase) for phrase in PROVEN]
    assert sorted(told) == sorted(rows()), "each row has one phrase, and no row is without"


def test_its_numbers_are_those_of_the_config() -> None:
    config = Config()
    timeouts = config.timeouts
    assert f"up to {config.retry.attempts} times in all" in row("answers 429")
    assert config.retry.max_retry_after == 60
    assert "or a minute" in row("answers 429")
    assert f"silent for {timeouts.first_token:g} s ({timeouts.first_token_slow:g} s" in row("silent for")
    assert f"stalls for {timeouts.idle:g} s" in row("stalls")
    assert f"within {CLOSED:g} s" in row("you cancel")
    assert ANSWERED < CLOSED
    assert not config.fallback.content_filter
    assert re.search(r"\[fallback\] content_filter = true", row("content filter"))


@on_the_socket
async def test_the_same_question_again(client: Client, sim: Simulator) -> None:
    for params, hits in (({"temperature": 0}, True), ({}, False), ({"cache": {"mode": "use"}}, True)):
        first, second = [await client.chat("openai/fast:9", **params).result() for _ in range(2)]
        assert not first["cache"]["hit"]
        assert second["cache"]["hit"] is hits
        assert second["content"] == first["content"]
    assert len(sim.calls) == 4
