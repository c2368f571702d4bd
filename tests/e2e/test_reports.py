"""TLS reports (RFC 8460): posted to a policy host as real reporters do, counted, shown, and bounded whatever comes."""

import concurrent.futures
import datetime
import gzip
import json
import random
import ssl
import struct
import zlib

import pytest

from helpers import fetch_policy, policy_host
from world import client
from world.world import APPLIANCE

DOMAIN = "example.test"
PATH = "/.well-known/tlsrpt"
URL = f"https://{policy_host(DOMAIN)}{PATH}"
GZIP, JSON = "application/tlsrpt+gzip", "application/tlsrpt+json"
MEGABYTE = 1 << 20
STRANGERS = "192.0.2.66", "192.0.2.54", "192.0.2.1"


def moment(days_ago, time="00:00:00"):
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_ago)
    return f"{day:%Y-%m-%d}T{time}Z"


def make(number=1, ok=120, failures=(), organisation="Heron Mail", domain=DOMAIN, days_ago=1, **more):
    """A report as reporters write it. failures: (result type, MX, sessions)."""
    details = [{"result-type": kind, "sending-mta-ip": "198.51.100.62", "receiving-ip": "203.0.113.58",
                "receiving-mx-hostname": mx, "failed-session-count": count} for kind, mx, count in failures]
    return {"organization-name": organisation,
            "date-range": {"start-datetime": moment(days_ago), "end-datetime": moment(days_ago, "23:59:59")},
            "contact-info": "sts-reporting@heron.example", "report-id": f"{moment(days_ago)}_{number}",
            "policies": [{"policy": {"policy-type": "sts", "policy-string": ["version: STSv1", "mode: testing"],
                                     "policy-domain": domain, "mx-host": ["mail." + domain]},
                          "summary": {"total-successful-session-count": ok,
                                      "total-failure-session-count": sum(count for _, _, count in failures)},
                          "failure-details": details}], **more}


def encode(report):
    return json.dumps(report).encode()


def post(world, body, kind=GZIP, *words, url=URL):
    """What curl makes of it: (status, the answer's body)."""
    path = world.directory / "report"
    path.write_bytes(body)
    done = world.namespace.run(["curl", "-sS", "--noproxy", "*", "--cacert", world.roots, "--max-time", "20",
                                "-H", f"Content-Type: {kind}", "--data-binary", f"@{path}", "-w", "\n%{http_code}",
                                *words, url])
    text, _, status = done.stdout.rpartition("\n")
    return int(status), text.strip() or done.stderr


def post_gzip(world, report, *words):
    return post(world, gzip.compress(encode(report)), GZIP, *words)


@pytest.mark.every_board
def test_reports_are_taken_as_reporters_send_them(world, board):
    board.enable_fully(DOMAIN)
    assert post_gzip(world, make(1))[0] == 201
    assert post(world, encode(make(2)), JSON)[0] == 201
    assert post(world, encode(make(3)), JSON, "-H", "Transfer-Encoding: chunked")[0] == 201
    assert post(world, gzip.compress(encode(make(4))), JSON, "-H", "Content-Encoding: gzip")[0] == 201
    assert post(world, encode(make(5)), "Application/TLSRPT+json; charset=utf-8", "--tls-max", "1.2")[0] == 201
    assert post_gzip(world, make(1)) == (200, "The report was counted before.")
    assert post_gzip(world, make(1, organisation="Other Mail"))[0] == 201
