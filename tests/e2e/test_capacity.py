"""A board whose flash holds a thousand domains, each with a key and a leaf of its own: it starts, serves every one
of them by SNI, and its console stays at hand."""

import hashlib
import json
import random
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from helpers import FATAL, UNRECOGNIZED_NAME, alert_of, hello_answer, policy_host
from world import client, paths
from world.appliance import HOST_CHECKS, Appliance, factory_config, make_image, passing
from world.console import ENTER, PROMPT
from world.namespace import wait_until
from world.world import APPLIANCE, World

DOMAINS = 1000
RAM_A_DOMAIN = 16
PARENT = "customers.test"
BOOT_SECONDS = 10
LIST_SECONDS = 60
ANSWER_SECONDS = 5
CHECK_SECONDS = 60
FIRST_FETCH_OPERATIONS = 4
POLICY_PATH = "/.well-known/mta-sts.txt"
BATCH = 100


@dataclass
class Fleet:
    """What capacity_fill put into the flash, and the board that has it."""

    world: World
    board: Appliance
    leaves: dict
    policy_ids: dict
    context: ssl.SSLContext
    facts: dict
    trace: Path
    boot_seconds: float
    fetched: set = field(default_factory=set)

    def leaf(self, name):
        """SHA-256 of the leaf that the host shows, after its chain has been verified."""
        shown = client.peer_certificate(self.world.namespace, APPLIANCE, policy_host(name), self.context)
        return hashlib.sha256(shown).hexdigest()

    def policy(self, name):
        self.fetched.add(name)
        return client.secure(self.world.namespace, APPLIANCE, policy_host(name), POLICY_PATH, self.context)

    def sample(self, number):
        return random.Random(7).sample(sorted(self.leaves), number)


def fill(image, directory):
    """Runs capacity_fill: (its facts, rows of name, leaf and policy id, the root in PEM)."""
    tool = paths.host_build() / "tests" / "sim" / "capacity" / "capacity_fill"
    rows, root = directory / "fleet.tsv", directory / "fleet.pem"
    done = subprocess.run([tool, image, str(DOMAINS), rows, root], text=True, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout), [line.split("\t") for line in rows.read_text().splitlines()], root.read_text()


def mail_host(name):
    return f"mx{int(name[1:5]) % 7}.{name}"


def publish(provider, policy_ids):
    """The DNS of all customers: an address, a policy id and an MX each."""
    lines = [line for name, value in policy_ids.items() for line in (
        f"update add {policy_host(name)}. 60 A {APPLIANCE}",
        f"update add _mta-sts.{name}. 60 TXT \"v=STSv1; id={value};\"",
        f"update add {name}. 60 MX 10 {mail_host(name)}.")]
    for start in range(0, len(lines), BATCH):
        provider.update(*lines[start:start + BATCH])


@pytest.fixture(scope="module")
def fleet():
    with World() as world:
        image = make_image(factory_config(world), world.directory)
        facts, rows, root = fill(image, world.directory)
        leaves = {name: leaf for name, leaf, _ in rows}
        policy_ids = {name: policy_id for name, _, policy_id in rows}
        publish(world.provider, policy_ids)
        board = Appliance(world, flash=image)
        trace = world.directory / "trace"
        began = time.monotonic()
        board.start(*(["--flash-trace", trace] if board.kind.can("flash_trace") else []))
        board.ask_json("status", LIST_SECONDS)
        yield Fleet(world, board, leaves, policy_ids, client.trusting(root), facts, trace,
                    time.monotonic() - began)


def expected_policy(name):
    number = int(name[1:5])
    return (f"version: STSv1\r\nmode: {'testing' if number % 2 else 'enforce'}\r\nmx: {mail_host(name)}\r\n"
            f"max_age: {604800 + number}\r\n").encode()


def test_a_thousand_domains_fit(fleet, note):
    facts = fleet.facts
    ram = (facts["index_bytes_a_record"] * facts["records"] + facts["store_bytes"]) / DOMAINS
    note(f"capacity: {facts['flash_bytes_a_domain']} bytes of flash and {ram:.1f} of RAM a domain, "
         f"{facts['free_blocks']} of 240 blocks free")
    assert facts["domains"] == len(set(fleet.leaves.values())) == DOMAINS
    assert facts["intermediates"] == 2
    assert ram <= RAM_A_DOMAIN


def test_the_board_is_at_hand_soon_after_start(fleet, note):
    note(f"capacity: all {DOMAINS} domains listed {fleet.boot_seconds:.1f} s after the start")
    assert fleet.boot_seconds < BOOT_SECONDS


def test_each_host_shows_its_own_leaf(fleet, note):
    began = time.monotonic()
    wrong = [name for name, leaf in fleet.leaves.items() if fleet.leaf(name) != leaf]
    each = (time.monotonic() - began) / DOMAINS
    note(f"capacity: {each * 1000:.0f} ms for a connection, a handshake and a verified chain")
    assert wrong == []


def test_a_host_that_is_none_of_them_gets_an_alert(fleet):
    answer = hello_answer(fleet.world, policy_host(f"c{DOMAINS:04}.{PARENT}"), ssl.TLSVersion.TLSv1_3)
    assert alert_of(answer) == (FATAL, UNRECOGNIZED_NAME)


def test_each_policy_is_its_domains_own(fleet):
    for name in fleet.sample(30):
        reply = fleet.policy(name)
        assert (reply.status, reply.body) == (200, expected_policy(name))


def test_status_lists_all_while_policies_are_served(fleet, note):
    name, = fleet.sample(1)
    console = fleet.board.console
    console.send(b"status json" + ENTER)
    head = console.read_until(b'"domain_list":')
    began = time.monotonic()
    assert fleet.policy(name).status == 200
    served = time.monotonic() - began
    rest = console.read_until(PROMPT, seconds=LIST_SECONDS)[:-len(PROMPT)]
    note(f"capacity: a policy served within {served * 1000:.0f} ms amid a list of {DOMAINS} domains")
    status = json.loads((head + rest)[(head + rest).index(b"{"):])
    assert {entry["domain"]: entry["state"] for entry in status["domain_list"]} == dict.fromkeys(fleet.leaves, "active")
    assert len(status["domain_list"]) == status["domains"]["total"] == status["domains"]["active"] == DOMAINS


def test_the_console_answers_about_any_of_them(fleet):
    for name in fleet.sample(20):
        began = time.monotonic()
        shown = fleet.board.domain(name)
        assert time.monotonic() - began < ANSWER_SECONDS
        assert (shown["state"], shown["policy"]["id"]) == ("active", fleet.policy_ids[name])


def run_checks(board, name):
    """The checks of a domain, run now. After a start all domains are looked at, and a report may make room for the
    next one's before the console has shown it: then it is asked for again."""
    def fresh():
        checks = board.check(name)
        return checks if all(checks[key]["at"] for key in HOST_CHECKS) else None
    return wait_until(fresh, f"fresh checks of {name}", CHECK_SECONDS, 0.5)


def test_checks_of_any_of_them_pass(fleet):
    """But for that of the mail servers, of which there are none here."""
    for name in fleet.sample(5):
        checks = run_checks(fleet.board, name)
        assert checks.pop("mx_tls")["code"] == "mx_no_address"
        assert passing(checks), checks


@pytest.mark.needs("flash_trace")
def test_serving_and_checking_them_writes_next_to_nothing(fleet, note):
    """Each of the domains was looked at; only the first fetch of a policy ever is worth a write of its own."""
    operations = len(fleet.trace.read_text().splitlines())
    note(f"capacity: {operations} programs and erases of the flash since the start")
    assert operations < DOMAINS / 20 + FIRST_FETCH_OPERATIONS * len(fleet.fetched)
