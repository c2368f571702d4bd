"""Records published by themselves: dynamic updates, signed with TSIG, against a real name server."""

import json

import pytest

from world.console import PROMPT, ConsoleError
from world.dns import ADDRESS
from world.namespace import wait_until
from world.world import APPLIANCE

DOMAIN = "example.test"
ID_NAME, HOST, TLSRPT_NAME = f"_mta-sts.{DOMAIN}", f"mta-sts.{DOMAIN}", f"_smtp._tls.{DOMAIN}"
TLSRPT = f'"v=TLSRPTv1; rua=mailto:postmaster@{DOMAIN}"'
OTHER_TLSRPT = "v=TLSRPTv1; rua=mailto:reports@other.test"
OTHER_SECRET = "c29tZSBvdGhlciBzZWNyZXQsIGFzIGxvbmcgYXMgdGhhdA=="


def publish_at_the_server(board, key="publisher", secret=None, options=""):
    """Types `publish server`, and the secret when it is asked for."""
    secret = secret or board.world.dns.publisher_secret
    console = board.console
    console.send(f"publish server {ADDRESS} key {key} {options} json\r{secret}\r".encode())
    text = console.read_until(b"}", seconds=15) + console.read_until(PROMPT)
    assert secret not in text.decode()
    document = json.loads(next(line for line in text.decode().splitlines() if line.startswith("{")))
    assert document == {"ok": True}, document


def add_and_enable(board, domain=DOMAIN):
    board.agree()
    board.add(domain)
    board.ask_json(f"enable {domain}")


def refusal(board, domain=DOMAIN):
    """What `publish now` says; it has to fail."""
    with pytest.raises(ConsoleError) as refused:
        board.ask_json(f"publish now {domain}", 40)
    assert refused.value.error["id"] == "publish_failed", refused.value.error
    return refused.value.error["sentence"]


def policy_id(board):
    return board.domain(DOMAIN)["policy"]["id"]


def wait_for_id(board, name=ID_NAME):
    look_up = board.world.provider.look_up
    wait_until(lambda: look_up(name, "TXT") == [f'"v=STSv1; id={policy_id(board)};"'], "the policy's id in DNS", 60)


def wait_gone(board, name, kind):
    wait_until(lambda: board.world.provider.look_up(name, kind) == [], f"the end of {name} {kind}", 60)


@pytest.mark.every_board
def test_a_domain_becomes_active_with_no_record_published_by_hand(board):
    look_up = board.world.provider.look_up
    publish_at_the_server(board)
    add_and_enable(board)
    board.wait_domain(DOMAIN, "active", 120)
    wait_for_id(board)
    assert look_up(HOST, "A") == [APPLIANCE]
    wait_until(lambda: look_up(TLSRPT_NAME, "TXT") == [TLSRPT], "the TLSRPT record", 30)
    wait_until(lambda: board.passes(DOMAIN), "the checks", 90, 1)
    assert board.domain(DOMAIN)["publishing"] is None
    assert board.ask_json(f"publish now {DOMAIN}", 40) == {"ok": True}


def test_changes_of_policy_and_reports_follow(board):
    look_up = board.world.provider.look_up
    publish_at_the_server(board)
    add_and_enable(board)
    board.wait_domain(DOMAIN, "active")
    wait_for_id(board)
    before = policy_id(board)
    board.ask_json(f"domain set {DOMAIN} max-age 90000 rua mailto:tls@{DOMAIN}")
    assert policy_id(board) != before
    wait_for_id(board)
    wait_until(lambda: look_up(TLSRPT_NAME, "TXT") == [f'"v=TLSRPTv1; rua=mailto:tls@{DOMAIN}"'], "the new rua", 30)


def test_disable_deletes_what_was_put_and_leaves_tlsrpt(board):
    look_up = board.world.provider.look_up
    publish_at_the_server(board)
    add_and_enable(board)
    board.wait_domain(DOMAIN, "active")
    wait_for_id(board)
    board.world.provider.add(ID_NAME, "TXT", "something else")
    board.ask_json(f"disable {DOMAIN} now")
    wait_until(lambda: look_up(ID_NAME, "TXT") == ['"something else"'], "the end of the id", 60)
    wait_gone(board, HOST, "A")
    assert look_up(TLSRPT_NAME, "TXT") == [TLSRPT]


@pytest.mark.parametrize("key, secret, said", [("nobody", None, "BADKEY"), ("publisher", OTHER_SECRET, "BADSIG")])
def test_a_wrong_key_is_told(board, key, secret, said):
    publish_at_the_server(board, key, secret)
    add_and_enable(board)
    assert said in refusal(board)
    assert said in board.ask_json("publish")["sentence"]
    assert said in board.domain(DOMAIN)["publishing"]
    assert said in board.ask(f"domain show {DOMAIN}")
    publish_at_the_server(board)
    board.wait_domain(DOMAIN, "active")


def test_a_zone_that_may_not_be_changed_is_told(board):
    publish_at_the_server(board)
    add_and_enable(board, "shut.closed.test")
    sentence = refusal(board, "shut.closed.test")
    assert "NOTAUTH" in sentence or "REFUSED" in sentence or "BADKEY" in sentence, sentence


def test_a_server_that_is_silent_is_told_and_tried_again(board):
    board.wait_clock()
    publish_at_the_server(board)
    board.agree()
    board.add(DOMAIN)
    board.ask_json(f"enable {DOMAIN}")
    wait_until(lambda: board.world.provider.look_up(HOST, "A"), "the first record", 30)
    board.world.dns.pause()
    try:
        assert "does not answer" in refusal(board)
        assert "does not answer" in board.ask_json("publish")["sentence"]
    finally:
        board.world.dns.resume()
    assert board.ask_json(f"publish now {DOMAIN}", 60) == {"ok": True}


def test_foreign_records_are_left_alone(board):
    provider = board.world.provider
    provider.add(HOST, "A", "192.0.2.99")
    publish_at_the_server(board)
    add_and_enable(board)
    assert "left alone" in refusal(board)
    assert HOST in board.domain(DOMAIN)["publishing"]
    assert provider.look_up(HOST, "A") == ["192.0.2.99"]
    assert provider.look_up(ID_NAME, "TXT") == []
    provider.remove(HOST, "A")
    provider.add(TLSRPT_NAME, "TXT", OTHER_TLSRPT)
    assert TLSRPT_NAME in refusal(board)
    board.wait_domain(DOMAIN, "active")
    wait_for_id(board)
    assert provider.look_up(TLSRPT_NAME, "TXT") == [f'"{OTHER_TLSRPT}"']


def test_a_delegated_id_is_put_where_its_alias_leads(board):
    provider = board.world.provider
    provider.add(ID_NAME, "CNAME", "example.delegated.test")
    publish_at_the_server(board, options="zone delegated.test")
    board.agree()
    provider.publish([record for record in board.add(DOMAIN) if record["type"] == "A"])
    board.ask_json(f"enable {DOMAIN}")
    board.wait_domain(DOMAIN, "active")
    wait_for_id(board, "example.delegated.test")
    assert provider.look_up(TLSRPT_NAME, "TXT") == []
    wait_until(lambda: board.domain(DOMAIN)["publishing"] is None, "the end of publishing", 30)


def test_the_secret_stays_and_is_not_told(board):
    secret = board.world.dns.publisher_secret
    board.wait_clock()
    publish_at_the_server(board)
    assert secret not in board.ask("publish") + board.ask("log 40") + json.dumps(board.ask_json("publish"))
    board.restart_by("reboot")
    add_and_enable(board)
    board.wait_domain(DOMAIN, "active")
    board.restart_by("factory-reset yes")
    assert board.ask_json("publish")["server"] is None
