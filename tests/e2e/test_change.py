"""A policy changes in two phases: served and fetched back first, then its id is to be published."""

import pytest

from helpers import fetch_policy, instant, policy_host
from world.appliance import Appliance
from world.mail import LAZY, PROMPT, MailSender
from world.mx import Mx
from world.namespace import wait_until
from world.world import APPLIANCE

DOMAIN, TXT = "example.test", "_mta-sts.example.test"
NOWHERE = "192.0.2.66"
DAY = 86400


def look(board, wanted):
    """Has the appliance look until `domain show` is as wanted; returns it."""
    def seen():
        board.check(DOMAIN)
        shown = board.domain(DOMAIN)
        return shown if wanted(shown) else None

    return wait_until(seen, "the appliance's look", 60)


def published_id(board):
    """The id in the TXT record that `dns` wants published."""
    return next(record["value"] for record in board.records(DOMAIN) if record["name"] == TXT)


@pytest.mark.every_board
def test_a_new_id_is_shown_when_the_policy_was_fetched_back(world):
    board, provider = Appliance(world).start(), world.provider
    board.enable_fully(DOMAIN)
    before = look(board, lambda shown: shown["change"] is None)["policy"]["id"]
    provider.replace(policy_host(DOMAIN), "A", NOWHERE)  # the appliance cannot reach itself
    board.ask_json(f"domain set {DOMAIN} max-age {2 * DAY}")
    assert b"max_age: 172800" in fetch_policy(world, DOMAIN).body
    board.check(DOMAIN)
    shown = board.domain(DOMAIN)
    after = shown["policy"]["id"]
    assert shown["change"] == {"phase": "fetching", "old_id": before, "new_id": after} and after != before
    assert before in published_id(board)

    provider.replace(policy_host(DOMAIN), "A", APPLIANCE)
    shown = look(board, lambda shown: shown["change"]["phase"] == "publish")
    assert shown["change"] == {"phase": "publish", "old_id": before, "new_id": after}
    assert after in published_id(board) and f"id={after};" in board.ask(f"domain show {DOMAIN}")
    provider.replace(TXT, "TXT", published_id(board))
    look(board, lambda shown: shown["change"] is None)


@pytest.mark.every_board
def test_no_mail_is_lost_while_the_mx_moves(world):
    """The new MX is preferred in DNS at last; whoever still holds the old policy delivers to the old one."""
    old = Mx(world, "192.0.2.25", "mail.example.test").start()
    new = Mx(world, "192.0.2.26", "new.example.test").start()
    sender = MailSender(world).start()
    board, provider = Appliance(world).start(), world.provider
    board.enable_fully(DOMAIN, options=f"mode enforce max-age {DAY} force")

    def deliver():
        return [sender.mail(DOMAIN, way).relay.split("[")[0] for way in (PROMPT, LAZY)]

    assert deliver() == ["mail.example.test"] * 2
    board.ask_json(f"domain set {DOMAIN} mx new.example.test")
    left, = board.domain(DOMAIN)["left_mx"]
    now = instant(board.ask_json("status")["time"])
    assert left["mx"] == "mail.example.test" and DAY <= (instant(left["until"]) - now).total_seconds() <= 2 * DAY
    assert deliver() == ["mail.example.test"] * 2  # the old id is still published
    provider.add("new.example.test", "A", "192.0.2.26")
    provider.replace(DOMAIN, "MX", "10 new.example.test", "20 mail.example.test")
    look(board, lambda shown: shown["change"]["phase"] == "publish")
    provider.replace(TXT, "TXT", published_id(board))
    assert deliver() == ["new.example.test", "mail.example.test"]
    sender.shift(DAY + 60)
    assert deliver() == ["new.example.test"] * 2
    assert all(delivery.sent and delivery.secured == "Verified" for delivery in sender.deliveries)
    assert len(old.messages()) + len(new.wait_messages(3)) == len(sender.deliveries) == 8
