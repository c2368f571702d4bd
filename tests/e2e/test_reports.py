"""TLS reports (RFC 8460): posted to a policy host as real reporters do, counted, shown, and bounded whatever comes."""

import concurrent.futures
import datetime
import gzip
import http.client
import json
import random
import ssl
import struct
import zlib

import pytest

from helpers import fetch_policy, policy_host
from world import client
from world.console import ConsoleError
from world.namespace import wait_until
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


def post_once(world, body, kind, *words):
    """What curl makes of it: (status, the answer's body)."""
    path = world.directory / "report"
    path.write_bytes(body)
    done = world.namespace.run(["curl", "-sS", "--noproxy", "*", "--cacert", world.roots, "--max-time", "20",
                                "-H", f"Content-Type: {kind}", "--data-binary", f"@{path}", "-w", "\n%{http_code}",
                                *words, URL])
    text, _, status = done.stdout.rpartition("\n")
    return int(status), text.strip() or done.stderr


def post(world, body, kind, *words):
    """The same from a reporter that comes again while it is put off, for a check's own handshake for instance."""
    def tried():
        found = post_once(world, body, kind, *words)
        return found if found[0] != 503 else None

    return wait_until(tried, "the report to be taken or refused", 30, 0.5)


def post_gzip(world, report, *words):
    return post(world, gzip.compress(encode(report)), GZIP, *words)


def counted(board, domain=DOMAIN):
    return board.ask_json(f"reports {domain}")


def large(number, size=MEGABYTE):
    """A report that comes as close to a size as its lines allow, and what it counts."""
    line = ("sts-webpki-invalid", "mail." + DOMAIN, 2)
    room = size - len(encode(make(number)))
    one = len(encode(make(number, failures=[line] * 2))) - len(encode(make(number, failures=[line])))
    lines = room // one - 1
    return encode(make(number, failures=[line] * lines)), 2 * lines


@pytest.mark.every_board
def test_reports_are_taken_as_reporters_send_them(world, board):
    board.enable_fully(DOMAIN)
    assert post_gzip(world, make(1)) == (201, "The report is counted.")
    assert post(world, encode(make(2)), JSON)[0] == 201
    assert post(world, encode(make(3)), JSON, "-H", "Transfer-Encoding: chunked")[0] == 201
    assert post(world, gzip.compress(encode(make(4))), JSON, "-H", "Content-Encoding: gzip")[0] == 201
    assert post(world, encode(make(5)), "Application/TLSRPT+json; charset=utf-8", "--tls-max", "1.2")[0] == 201
    assert post_gzip(world, make(1)) == (200, "The report was counted before.")
    assert post_gzip(world, make(1, organisation="Other Mail"))[0] == 201
    found = counted(board)
    assert (found["reports"], found["ok"], found["failed"], found["blocks"]) == (6, 720, 0, False)
    assert [(one["name"], one["ok"]) for one in found["organisations"]] == [("Heron Mail", 600), ("Other Mail", 120)]


@pytest.mark.every_board
def test_failures_are_shown_and_outlast_a_power_cut(world, board):
    board.enable_fully(DOMAIN)
    failures = [("certificate-host-mismatch", "mx1.example.test", 5), ("starttls-not-supported", "mx2.example.test", 2),
                ("of-a-later-rfc", "mx2.example.test", 1)]
    assert post_gzip(world, make(1, failures=failures))[0] == 201
    assert post_gzip(world, make(2, ok=30, days_ago=9, organisation="Egret"))[0] == 201
    found = counted(board)
    assert (found["ok"], found["failed"], found["blocks"]) == (150, 8, True)
    assert found["days"] == [{"day": moment(1)[:10], "ok": 120, "failed": 8}, {"day": moment(9)[:10], "ok": 30, "failed": 0}]
    assert {one["type"]: one["failed"] for one in found["failures"]} == {
        "certificate-host-mismatch": 5, "starttls-not-supported": 2, "other": 1}
    assert {one["name"]: one["failed"] for one in found["mx"]} == {"mx1.example.test": 5, "mx2.example.test": 3}
    assert "8 failed sessions" in found["sentence"] and "Heron Mail" in found["sentence"]
    text = board.ask(f"reports {DOMAIN}")
    assert "mx1.example.test" in text and all(len(line) < 80 for line in text.splitlines())
    board.cut_power()
    board.start().wait_clock()
    assert counted(board) == found
    assert board.ask_json("reports")["domains"][0]["failed"] == 8
    assert post_gzip(world, make(1, failures=failures))[0] == 200


def refusal(board):
    """What stands against promoting the domain."""
    with pytest.raises(ConsoleError) as refused:
        board.ask_json(f"promote {DOMAIN}", 60)
    return str(refused.value)


@pytest.mark.every_board
def test_failures_stand_against_enforce(world, board):
    """Those of the last week alone."""
    board.enable_fully(DOMAIN)
    assert post_gzip(world, make(1, failures=[("certificate-expired", "mail." + DOMAIN, 4)], days_ago=8))[0] == 201
    assert post_gzip(world, make(2, failures=[("validation-failure", "mail." + DOMAIN, 5)], days_ago=2))[0] == 201
    refused = refusal(board)
    assert "TLS reports: 5 failed sessions in the last 7 days (validation-failure: 5)" in refused
    assert board.domain(DOMAIN)["policy"]["mode"] == "testing"
    board.ask_json(f"promote {DOMAIN} force", 60)
    assert board.domain(DOMAIN)["policy"]["mode"] == "enforce"


@pytest.mark.every_board
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_megabyte_in_records_of_16_kb(world, board, version):
    board.enable_fully(DOMAIN)
    board.check(DOMAIN)  # no handshake of ours wants the memory meanwhile
    body, failed = large(1)
    assert len(body) > MEGABYTE - 1000
    assert post(world, body, JSON, "--tls-max", version)[0] == 201
    dice = random.Random(1)
    noise = encode(make(2, more="".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789+/", k=MEGABYTE))))
    packed = gzip.compress(noise)
    assert MEGABYTE // 2 < len(packed) < MEGABYTE
    assert post(world, packed, GZIP, "--tls-max", version)[0] == 201
    assert (counted(board)["reports"], counted(board)["failed"]) == (2, failed)


def crooked(**changes):
    return encode({**make(), **changes})


PACKED = gzip.compress(encode(make()))
BOMB = gzip.compress(b'{"a":"' + b" " * (16 * MEGABYTE) + b'"}')
HOSTILE = {
    "bomb": (BOMB, GZIP, 413, "too large once inflated"),
    "bomb of zeros": (gzip.compress(bytes(16 * MEGABYTE)), GZIP, 400, "no valid JSON"),
    "bomb called JSON": (BOMB, JSON, 413, "too large once inflated"),
    "deep arrays": (b'{"a":' + b"[" * 5000, JSON, 400, "nested too deep"),
    "deep objects": (gzip.compress(b'{"a":' * 5000), GZIP, 400, "nested too deep"),
    "gzip cut short": (PACKED[:-9], GZIP, 400, "end too early"),
    "gzip without its head": (PACKED[20:], GZIP, 400, "no valid JSON"),
    "another checksum": (PACKED[:-8] + b"abcd" + PACKED[-4:], GZIP, 400, "damaged"),
    "another length": (PACKED[:-4] + struct.pack("<I", 7), GZIP, 400, "damaged"),
    "bytes behind": (PACKED + b"more", GZIP, 400, "damaged"),
    "two files": (PACKED + PACKED, GZIP, 400, "damaged"),
    "zlib": (zlib.compress(encode(make())), GZIP, 400, "no valid JSON"),
    "JSON cut short": (encode(make())[:-2], JSON, 400, "no valid JSON"),
    "two documents": (encode(make()) * 2, JSON, 400, "no valid JSON"),
    "nothing": (b"", JSON, 400, "no valid JSON"),
    "an array": (b"[]", JSON, 400, "no JSON object"),
    "an empty object": (b"{}", JSON, 400, "organization-name"),
    "a name that is a number": (crooked(**{"organization-name": 5}), JSON, 400, "another type"),
    "policies that are text": (crooked(policies="all"), JSON, 400, "another type"),
    "less than nothing": (encode(make(ok=-1)), JSON, 400, "whole number"),
    "too many policies": (crooked(policies=make()["policies"] * 65), JSON, 400, "too many policies"),
    "another's": (encode(make(domain="other.test")), JSON, 400, "no domain"),
    "long ago": (encode(make(days_ago=40)), JSON, 400, "two weeks"),
    "the future": (encode(make(days_ago=-3)), JSON, 400, "future"),
    "a page": (encode(make()), "text/html", 415, "application/tlsrpt+gzip"),
    "a mail's part": (encode(make()), "application/tlsrpt+gzip2", 415, "application/tlsrpt+gzip"),
    "too large": (b" " * (MEGABYTE + 1), JSON, 413, ""),
}


def test_hostile_reports_are_refused_with_a_reason(world, board):
    board.enable_fully(DOMAIN)
    for what, (body, kind, status, words) in HOSTILE.items():
        found = post(world, body, kind)
        assert found[0] == status and words in found[1], (what, found)
    assert post(world, b" " * (MEGABYTE + 1), JSON, "-H", "Transfer-Encoding: chunked")[0] == 413
    for method in "GET", "HEAD", "PUT", "OPTIONS":
        assert fetch_policy(world, DOMAIN, method=method, path=PATH).status == 405
    assert counted(board)["reports"] == 0
    assert fetch_policy(world, DOMAIN).status == 200
    assert post_gzip(world, make(1))[0] == 201
    assert post_gzip(world, make(2, organisation="\x1b[2J\u202eHeron"))[0] == 201
    assert "\x1b[2J" not in board.ask(f"reports {DOMAIN}") and "\u202e" not in board.ask(f"reports {DOMAIN}")


def test_one_sender_has_half_of_the_hour(world, board):
    board.enable_fully(DOMAIN)
    for number in range(30):
        assert post_gzip(world, make(number), "--interface", STRANGERS[0])[0] == 201
    for _ in range(2):
        status, answer = post_gzip(world, make(30), "--interface", STRANGERS[0], "-i")
        assert status == 429 and "retry-after: " in answer.lower()
    for number in range(30, 60):
        assert post_gzip(world, make(number), "--interface", STRANGERS[1])[0] == 201
    assert post_gzip(world, make(60), "--interface", STRANGERS[2])[0] == 429
    assert counted(board)["reports"] == 60


def half_a_report(world):
    """A connection over which the first half of a report has come, and the other half."""
    body = encode(make())
    channel = world.namespace.connect(APPLIANCE, 443, 20)
    wrapped = client.trusting(world.ca.root).wrap_socket(channel, server_hostname=policy_host(DOMAIN))
    wrapped.sendall(f"POST {PATH} HTTP/1.1\r\nHost: {policy_host(DOMAIN)}\r\nContent-Type: {JSON}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:200])
    return wrapped, body[200:]


@pytest.mark.every_board
def test_policies_are_served_while_a_report_comes_slowly(world, board):
    board.enable_fully(DOMAIN)
    board.check(DOMAIN)  # no handshake of ours wants the memory meanwhile
    slow, rest = half_a_report(world)
    assert post_once(world, encode(make(2)), JSON)[0] == 503
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        fetched = [pool.submit(fetch_policy, world, DOMAIN) for _ in range(8)]
        assert [one.result().status for one in fetched] == [200] * 8
    try:
        slow.sendall(rest)
        answer = slow.recv(100)
    except OSError:
        answer = b""
    slow.close()
    # Somebody's handshake may have wanted its place or its memory.
    assert answer == b"" or answer.split()[1] in (b"201", b"503"), answer
    assert counted(board)["reports"] == (1 if b" 201 " in answer else 0)
    assert post_gzip(world, make(3))[0] == 201


def try_to_post(world, number):
    """The status of a report that is posted among many; 0 when nothing came of it."""
    try:
        return client.secure(world.namespace, APPLIANCE, policy_host(DOMAIN), PATH, client.trusting(world.ca.root),
                             method="POST", headers={"Content-Type": GZIP}, body=gzip.compress(encode(make(number))),
                             seconds=20).status
    except (OSError, ssl.SSLError, http.client.HTTPException):
        return 0


def test_a_storm_of_reports_is_bounded(world, board):
    board.enable_fully(DOMAIN)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(lambda number: try_to_post(world, number), range(128)))
    assert set(statuses) <= {0, 201, 429, 503}, statuses
    found = counted(board)
    assert 1 <= found["reports"] <= 30 and found["reports"] >= statuses.count(201)
    assert fetch_policy(world, DOMAIN).status == 200
    assert board.ask_json("status")["crash"] is None
    assert board.passes(DOMAIN)


def test_rua_here_is_published_and_leads_here(world, board):
    board.enable_fully(DOMAIN)
    assert "rua here" in counted(board)["sentence"]
    board.ask_json(f"domain set {DOMAIN} rua here")
    assert board.domain(DOMAIN)["rua"] == URL
    assert f"v=TLSRPTv1; rua={URL}" in [record["value"] for record in board.records(DOMAIN)]
    assert "No TLS report has come yet" in counted(board)["sentence"]
    assert post_gzip(world, make(1))[0] == 201


def test_a_domain_takes_its_reports_along(world, board):
    board.enable_fully(DOMAIN)
    assert post_gzip(world, make(1))[0] == 201
    board.ask_json(f"disable {DOMAIN} now")
    assert post_gzip(world, make(2))[0] == 0
    assert counted(board)["reports"] == 1
    board.ask_json(f"domain remove {DOMAIN}")
    assert board.ask_json("reports") == {"domains": []}
    board.add(DOMAIN)
    assert counted(board)["reports"] == 0
