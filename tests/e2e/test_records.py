"""What the other records of a domain say: MX against the policy, TLS reports, CAA; and the clock."""

import pytest

from world.appliance import Appliance
from world.world import World

DOMAIN, HOST, REPORTS = "example.test", "mta-sts.example.test", "_smtp._tls.example.test"
IDENTITY = "ca.test"
MX = "10 mail.example.test"
RUA = "v=TLSRPTv1; rua=mailto:postmaster@example.test"


@pytest.fixture(scope="module")
def served():
    """A world whose CA says what it goes by, and a board that serves example.test there."""
    with World() as world:
        front = world.front(identities=[IDENTITY, "second.ca.test"])
        board = Appliance(world, directory_url=front.directory_url).start()
        board.enable_fully(DOMAIN)
        yield world, board


def verdict(board, key):
    check = board.check(DOMAIN)[key]
    return check["result"], check["code"]


@pytest.fixture
def published(served):
    """A function that replaces records of one name and type; all is as it was after the test."""
    world, board = served
    changed = []

    def publish(name, kind, *values):
        changed.append((name, kind, world.provider.look_up(name, kind)))
        world.provider.replace(name, kind, *values)
        return board

    yield publish
    for name, kind, values in reversed(changed):
        world.provider.replace(name, kind, *values)


@pytest.mark.every_board
def test_all_pass_with_what_the_console_printed(served):
    _, board = served
    checks = board.check(DOMAIN)
    codes = {key: checks[key]["code"] for key in ("mx_match", "tlsrpt", "caa", "clock")}
    assert codes == {"mx_match": "ok", "tlsrpt": "ok", "caa": "none", "clock": "ok"}


@pytest.mark.parametrize("values, expected", [
    ([MX, "20 backup.example.test"], ("fail", "not_listed")),
    (["10 backup.example.test"], ("fail", "none_match")),
    (["0 ."], ("fail", "null_mx")),
    ([], ("fail", "no_mx")),
])
def test_mx_that_the_policy_does_not_list(published, values, expected):
    assert verdict(published(DOMAIN, "MX", *values), "mx_match") == expected


@pytest.mark.parametrize("values, expected", [
    ([], ("fail", "missing")),
    ([RUA, RUA + ";"], ("fail", "several")),
    (["v=TLSRPTv1; rua=postmaster@example.test"], ("fail", "syntax")),
    (["v=TLSRPTv1; rua=mailto:other@example.test"], ("fail", "differs")),
    (["v=TLSRPTv1; rua=mailto:other@example.test,mailto:postmaster@example.test"], ("pass", "ok")),
])
def test_record_for_tls_reports(published, values, expected):
    assert verdict(published(REPORTS, "TXT", *values), "tlsrpt") == expected


@pytest.mark.parametrize("name, values, expected", [
    (HOST, [f'0 issue "{IDENTITY}"'], ("pass", "ok")),
    (DOMAIN, ['0 issue "second.ca.test; validationmethods=http-01"'], ("pass", "ok")),
    ("test", ['0 issue "other.test"'], ("fail", "forbidden")),
    (HOST, [f'0 issue "{IDENTITY}; accounturi=https://ca.test/other"'], ("fail", "account")),
    (DOMAIN, [f'0 issue "{IDENTITY}; validationmethods=dns-01"'], ("fail", "method")),
    (DOMAIN, [f'0 issue "{IDENTITY}"', '128 tbs "x"'], ("fail", "critical")),
])
def test_caa_is_looked_for_up_to_the_root(published, name, values, expected):
    assert verdict(published(name, "CAA", *values), "caa") == expected


@pytest.mark.every_board
def test_the_caa_record_that_the_console_prints_allows_the_ca(served, published):
    world, _ = served
    board = published(DOMAIN, "CAA", '0 issue "other.test"')
    assert verdict(board, "caa") == ("fail", "forbidden")
    offered = [record for record in board.records(DOMAIN) if record["type"] == "CAA"]
    assert [record["name"] for record in offered] == [HOST]
    assert IDENTITY in offered[0]["value"] and board.ask_json("ca")["account"] in offered[0]["value"]
    published(HOST, "CAA", offered[0]["value"])
    assert verdict(board, "caa") == ("pass", "ok")
