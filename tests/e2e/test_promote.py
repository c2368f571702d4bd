"""From testing to enforce: the checks decide, and who overrules them is told what will happen to the mail."""

import pytest

from world.appliance import Appliance
from world.mail import LAZY, PROMPT, MailSender
from world.mx import Mx
from world.namespace import wait_until

DOMAIN, TXT = "example.test", "_mta-sts.example.test"
MX_ADDRESS, MX_NAME = "192.0.2.25", "mail.example.test"
PROMOTE_SECONDS = 60


def publish_what_is_wanted(board, provider):
    """Publishes the id of what is served, once the appliance shows it."""
    def shown():
        board.check(DOMAIN)
        change = board.domain(DOMAIN)["change"]
        return change if change and change["phase"] == "publish" else None

    change = wait_until(shown, "the id to publish", 60)
    provider.replace(TXT, "TXT", f"v=STSv1; id={change['new_id']};")


@pytest.mark.every_board
def test_a_domain_whose_checks_pass_is_promoted(world):
    Mx(world, MX_ADDRESS, MX_NAME).start()
    sender = MailSender(world).start()
    board = Appliance(world).start()
    board.enable_fully(DOMAIN)
    board.ask_json(f"promote {DOMAIN}", PROMOTE_SECONDS)
    assert board.domain(DOMAIN)["policy"]["mode"] == "enforce"
    publish_what_is_wanted(board, world.provider)
    delivery = sender.mail(DOMAIN)
    assert delivery.sent and delivery.secured == "Verified"


@pytest.mark.every_board
def test_a_wrong_certificate_of_the_mx_stops_promotion_and_by_force_the_mail(world):
    mx = Mx(world, MX_ADDRESS, MX_NAME, certificate="other name").start()
    sender = MailSender(world).start()
    board = Appliance(world).start()
    board.enable_fully(DOMAIN)
    refused = board.ask(f"promote {DOMAIN}", PROMOTE_SECONDS)
    assert "mx_tls" in refused and "other.example" in refused
    assert board.domain(DOMAIN)["policy"]["mode"] == "testing"
    assert sender.mail(DOMAIN).sent  # testing stops no mail

    board.ask_json(f"promote {DOMAIN} force")
    publish_what_is_wanted(board, world.provider)
    check = board.check(DOMAIN)["mx_tls"]
    assert (check["result"], check["code"]) == ("fail", "cert_name")
    sender.forget()
    for way in (PROMPT, LAZY):
        delivery = sender.mail(DOMAIN, way)
        assert delivery.status == "deferred" and not delivery.sent, delivery
    assert len(mx.messages()) == 1
