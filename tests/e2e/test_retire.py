"""A domain with a policy that senders enforce is retired; mail goes on all the while, and none is lost."""

import datetime

import pytest

from helpers import fetch_policy, instant
from world.appliance import Appliance
from world.mail import LAZY, PROMPT, MailSender
from world.mx import Mx
from world.namespace import wait_until

DOMAIN, TXT = "example.test", "_mta-sts.example.test"
MX_ADDRESS, MX_NAME = "192.0.2.25", "mail.example.test"
DAY = 86400


class Town:
    """A domain whose MX takes mail, a sender that enforces, and the appliance, all with one clock."""

    def __init__(self, world):
        self.world, self.provider = world, world.provider
        self.mx = Mx(world, MX_ADDRESS, MX_NAME).start()
        self.sender = MailSender(world).start()
        self.board = Appliance(world).start()
        self.board.enable_fully(DOMAIN, options=f"mode enforce max-age {DAY} force")

    def deliver(self):
        """A mail each way: to the sender that looks at DNS each time, and to the one that keeps what it has."""
        for way in (PROMPT, LAZY):
            assert self.sender.mail(DOMAIN, way).sent

    def look(self, wanted):
        """Has the appliance look until `domain show` is as wanted; returns it."""
        def seen():
            self.board.check(DOMAIN)
            shown = self.board.domain(DOMAIN)
            return shown if wanted(shown) else None

        return wait_until(seen, "the appliance's look", 60)

    def publish(self, identity):
        self.provider.replace(TXT, "TXT", f"v=STSv1; id={identity};")

    def restart_at(self, moment):
        """The power goes, and comes back at that moment."""
        self.board.cut_power()
        ahead = int((moment - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
        self.world.clock.shift(ahead)
        self.sender.shift(ahead)
        self.board.start()
        self.board.wait_clock()

    def served(self):
        return fetch_policy(self.world, DOMAIN).body


@pytest.mark.every_board
def test_no_mail_is_lost_while_a_domain_retires(world):
    town = Town(world)
    town.deliver()
    town.board.ask_json(f"disable {DOMAIN}")
    assert b"mode: none" in town.served()
    town.deliver()  # the former id is still published, and one sender still enforces

    change = town.look(lambda shown: shown["change"]["phase"] == "publish")["change"]
    assert town.board.domain(DOMAIN)["retire_until"] is None
    town.publish(change["new_id"])
    town.deliver()
    end = instant(town.look(lambda shown: shown["retire_until"])["retire_until"])

    town.restart_at(end - datetime.timedelta(minutes=10))
    shown = town.board.domain(DOMAIN)
    assert shown["state"] == "retiring" and instant(shown["retire_until"]) == end
    assert b"mode: none" in town.served()
    town.deliver()

    town.restart_at(end + datetime.timedelta(minutes=1))
    town.board.wait_domain(DOMAIN, "disabled")
    records = town.board.records(DOMAIN)
    assert [(record["act"], record["type"]) for record in records] == [("delete", "TXT"), ("delete", "A")]
    town.deliver()
    town.provider.withdraw(records)
    assert "records are gone" in town.look(lambda shown: "delete" not in shown["sentence"].lower())["sentence"]

    town.mx.close()
    town.mx = Mx(world, MX_ADDRESS, MX_NAME, certificate="self-signed").start()
    town.deliver()  # nobody holds anything against it any more
    assert len(town.mx.wait_messages(len(town.sender.deliveries))) == len(town.sender.deliveries) == 12


@pytest.mark.every_board
def test_enabling_in_between_goes_back_to_the_former_policy(world):
    board = Appliance(world).start()
    before = board.enable_fully(DOMAIN)["policy"]
    board.ask_json(f"disable {DOMAIN}")
    assert b"mode: none" in fetch_policy(world, DOMAIN).body
    board.ask_json(f"enable {DOMAIN}")
    shown = board.domain(DOMAIN)
    assert shown["state"] == "active" and shown["policy"]["mode"] == before["mode"]
    assert b"mode: testing" in fetch_policy(world, DOMAIN).body


@pytest.mark.every_board
def test_disabling_at_once_says_what_it_risks_and_asks(world):
    board = Appliance(world).start()
    board.enable_fully(DOMAIN)
    console = board.console
    console.send(f"disable {DOMAIN} now\r".encode())
    said = console.read_until(b"yes/no ")
    assert b"Senders may hold" in said
    assert "Nothing was changed" in board.ask("no")
    assert board.domain(DOMAIN)["state"] == "active"
    board.ask_json(f"disable {DOMAIN} now")
    assert board.domain(DOMAIN)["state"] == "disabled"
