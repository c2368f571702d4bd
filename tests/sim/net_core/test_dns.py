"""DNS queries, against a real authoritative server (Knot) and a small one that misbehaves as told."""

import socket
import threading
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from conftest import STATIC
from world.dns import Dns

MEMORY, NXDOMAIN, NODATA, SERVFAIL, REFUSED, TIMEOUT, FORMAT, NO_SERVER = -9, -17, -18, -19, -20, -21, -22, -23


@pytest.fixture(scope="module")
def knot(network, tmp_path_factory):
    server = Dns(network, Path(tmp_path_factory.mktemp("knot")))
    server.start()
    server.wait()
    provider = server.provider
    provider.add("_mta-sts.example.test", "TXT", '"v=STSv1; " "id=20261124;"')
    provider.add("alias.test", "CNAME", "other.test")
    provider.add("other.test", "CNAME", "mail.example.test")
    provider.add("dangling.test", "CNAME", "nowhere.test")
    provider.add("odd.test", "CNAME", "elsewhere.invalid")
    provider.add("nullmx.test", "MX", "0 .")
    provider.update("update add caa.test. 5 CAA 0 issue \"letsencrypt.org; validationmethods=http-01\"",
                    "update add caa.test. 5 CAA 128 iodef \"mailto:a@test\"")
    provider.update("update add six.test. 5 AAAA 2001:db8::25", "update add six.test. 5 A 192.0.2.25",
                    "update add six.test. 5 A 192.0.2.26")
    provider.update(*(f'update add big.test. 5 TXT "{i:03d}{"x" * 200}"' for i in range(12)))
    provider.update(*(f"update add many.test. 5 A 198.51.100.{i}" for i in range(1, 41)))
    provider.update(*(f'update add huge.test. 5 TXT "{i:03d}{"x" * 200}" "{"y" * 200}" "{"z" * 100}"'
                      for i in range(12)))
    provider.update(f'update add long.test. 5 TXT "{"a" * 255}" "{"b" * 255}" "{"c" * 255}"')
    provider.update("update add _25._tcp.mail.test. 5 TLSA 3 1 1 " + "ab" * 32)
    yield server
    server._process.terminate()
    server.close()


@pytest.fixture
def ask(probe):
    """Asks, and gives the answer's fields with its records as (type, name, value)."""
    numbers = iter(range(100))

    def ask_it(name, kind, *server, seconds=12):
        id_ = next(numbers) % 10
        probe.say("dns", id_, name, kind, *server)
        assert probe.expect(f"asked {id_}")["err"] == "0"
        answer = probe.expect(f"answer {id_}", seconds)
        answer["result"] = int(answer["result"])
        answer["records"] = [(r["type"], r["name"], r.get("words", ""))
                             for r in (probe.expect(f"record {id_}") for _ in range(int(answer["n"])))]
        return answer

    return ask_it


class Faulty:
    """A DNS server on 192.0.2.54 whose answers a function makes: bytes, a list of them, or None for silence."""

    def __init__(self, network, answer, answer_tcp=None):
        self.asked = []
        self._answer, self._answer_tcp = answer, answer_tcp
        self._udp = network.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("192.0.2.54", 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._tcp = None
        if answer_tcp:
            self._tcp = network.listen("192.0.2.54", 53)
            threading.Thread(target=self._serve_tcp, daemon=True).start()

    def _serve(self):
        while True:
            try:
                data, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            self.asked.append((dns.message.from_wire(data), peer[1]))
            answers = self._answer(dns.message.from_wire(data)) or []
            for answer in answers if isinstance(answers, list) else [answers]:
                self._udp.sendto(answer, peer)

    def _serve_tcp(self):
        while True:
            try:
                channel, _ = self._tcp.accept()
            except OSError:
                return
            with channel:
                size = int.from_bytes(channel.recv(2), "big")
                self._answer_tcp(channel, dns.message.from_wire(channel.recv(size)))

    def close(self, waker):
        # A thread that blocks in recvfrom keeps the port, and does so until it has run on.
        waker.sendto(b"", ("192.0.2.54", 53))
        self._thread.join()
        self._udp.close()
        if self._tcp:
            self._tcp.shutdown(socket.SHUT_RDWR)
            self._tcp.close()


@pytest.fixture
def faulty(network):
    servers = []

    def make(*functions):
        servers.append(Faulty(network, *functions))
        return servers[-1]

    yield make
    with network.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
        for server in servers:
            server.close(waker)


def answer_with(query, *texts, rcode=dns.rcode.NOERROR, flags=0):
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    response.flags |= flags
    for text in texts:
        response.answer.append(dns.rrset.from_text(*text))
    return response.to_wire()


def test_strings_of_a_txt_record_are_joined(knot, ask):
    answer = ask("_mta-sts.example.test", "TXT")
    assert (answer["result"], answer["server"]) == (0, "192.0.2.53")
    assert answer["records"] == [("TXT", "_mta-sts.example.test", "v=STSv1; id=20261124;")]


def test_cname_chain_stands_among_the_records(knot, ask):
    answer = ask("ALIAS.test.", "A")
    assert answer["records"] == [("CNAME", "alias.test", "other.test"),
                                 ("CNAME", "other.test", "mail.example.test"),
                                 ("A", "mail.example.test", "192.0.2.25")]


def test_dangling_cname_is_shown_with_nxdomain(knot, ask):
    answer = ask("dangling.test", "A")
    assert answer["result"] == NXDOMAIN
    assert answer["records"] == [("CNAME", "dangling.test", "nowhere.test")]


def test_nxdomain(knot, ask):
    assert ask("nosuch.test", "A")["result"] == NXDOMAIN


def test_nodata(knot, ask):
    answer = ask("mail.example.test", "AAAA")
    assert (answer["result"], answer["records"]) == (NODATA, [])


def test_null_mx(knot, ask):
    assert ask("nullmx.test", "MX")["records"] == [("MX", "nullmx.test", "0 ")]


def test_mx(knot, ask):
    assert ask("example.test", "MX")["records"] == [("MX", "example.test", "10 mail.example.test")]


def test_caa(knot, ask):
    assert sorted(ask("caa.test", "CAA")["records"]) == [
        ("CAA", "caa.test", "0 issue letsencrypt.org; validationmethods=http-01"),
        ("CAA", "caa.test", "128 iodef mailto:a@test")]


def test_ns_and_soa_and_tlsa(knot, ask):
    assert ask("test", "NS")["records"] == [("NS", "test", "ns.test")]
    assert ask("test", "SOA")["result"] == 0
    assert ask("_25._tcp.mail.test", "TLSA")["result"] == 0


def test_aaaa(knot, ask):
    assert ask("six.test", "AAAA")["records"] == [("AAAA", "six.test", "2001:db8::25")]


def test_addresses_alone(knot, probe):
    probe.say("addresses", 1, "six.test", "A")
    assert sorted(probe.expect("addresses 1")["words"].split()) == ["192.0.2.25", "192.0.2.26"]
    probe.say("addresses", 2, "alias.test", "AAAA")
    assert probe.expect("addresses 2")["result"] == str(NODATA)


def test_truncated_answer_comes_by_tcp(knot, ask):
    answer = ask("big.test", "TXT")
    assert (answer["result"], len(answer["records"])) == (0, 12)
    assert sorted(value[:3] for _, _, value in answer["records"]) == [f"{i:03d}" for i in range(12)]


def test_more_records_than_there_is_room_for_are_cut(knot, ask):
    answer = ask("many.test", "A")
    assert (answer["result"], answer["cut"], len(answer["records"])) == (0, "0", 40)
    answer = ask("huge.test", "TXT")
    assert (answer["result"], answer["cut"]) == (0, "1")
    assert len(answer["records"]) == (4096 - len("huge.test") - 1) // (12 + 504)


def test_long_txt_is_cut(knot, ask):
    assert ask("long.test", "TXT")["records"][0][2] == ("a" * 255 + "b" * 255 + "c")[:511]


def test_zone_that_the_server_does_not_have_is_refused(knot, ask):
    assert ask("example.org", "A")["result"] == REFUSED


def test_eight_queries_at_once_and_no_ninth(knot, probe):
    for i in range(9):
        probe.say("dns", i, "example.test", "MX")
    results = [probe.expect(f"asked {i}")["err"] for i in range(9)]
    # Lines that arrive together are run together, before any answer can come in.
    assert results[:8] == ["0"] * 8 and results[8] in ("0", "-9")
    for i in range(8):
        assert probe.expect(f"answer {i}")["result"] == "0"


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test"])
def test_bad_name_is_refused(probe, name):
    probe.say("dns", 1, name, "A")
    assert probe.expect("asked 1")["err"] == "-1"


def test_no_resolver(make_probe):
    probe = make_probe("ip=192.0.2.10/24")
    probe.say("dns", 1, "example.test", "A")
    assert probe.expect("asked 1")["err"] == str(NO_SERVER)


def test_resolver_set_later_is_used(knot, make_probe):
    probe = make_probe("ip=192.0.2.10/24")
    assert probe.ask("configure", *STATIC)["err"] == "0"
    probe.say("dns", 1, "example.test", "MX")
    assert probe.expect("answer 1")["result"] == "0"


def test_named_server_is_asked_without_recursion(knot, faulty, ask):
    server = faulty(lambda q: answer_with(q, ("a.test.", 5, "IN", "A", "192.0.2.7")))
    answer = ask("a.test", "A", "192.0.2.54")
    assert (answer["result"], answer["server"]) == (0, "192.0.2.54")
    query, _ = server.asked[0]
    assert not query.flags & dns.flags.RD
    assert query.edns == 0 and query.payload == 1232


def test_named_ipv6_server(knot, ask, link_local, network):
    network.ip("-6", "route", "replace", "2001:db8::/64", "dev", "tap0")
    address = next(w.split("/")[0] for w in network.ip("-6", "-o", "address", "show", "dev", "tap0").split()
                   if w.startswith("fe80"))
    answer = ask("example.test", "MX", address)
    # Knot does not listen there: nobody answers; but the query went out by the zone of the interface.
    assert answer["result"] == TIMEOUT and answer["server"] == "-"


def test_resolver_is_asked_with_recursion_and_from_changing_ports(faulty, make_probe):
    server = faulty(lambda q: answer_with(q, ("a.test.", 5, "IN", "A", "192.0.2.7")))
    probe = make_probe("ip=192.0.2.10/24", "dns=192.0.2.54")
    for i in range(5):
        probe.say("dns", i, "a.test", "A")
    for i in range(5):
        assert probe.expect(f"answer {i}")["result"] == "0"
    assert all(query.flags & dns.flags.RD for query, _ in server.asked)
    assert len({port for _, port in server.asked}) == 5
    assert len({query.id for query, _ in server.asked}) == 5


def test_answer_is_never_cached(faulty, make_probe):
    counter = iter(range(1, 10))
    faulty(lambda q: answer_with(q, ("a.test.", 3600, "IN", "A", f"192.0.2.{next(counter)}")))
    probe = make_probe("ip=192.0.2.10/24", "dns=192.0.2.54")
    for i in (1, 2):
        probe.say("dns", i, "a.test", "A")
        assert probe.expect(f"record {i}")["words"] == f"192.0.2.{i}"


def test_servfail_names_the_server(faulty, ask):
    server = faulty(lambda q: answer_with(q, rcode=dns.rcode.SERVFAIL))
    answer = ask("a.test", "A", "192.0.2.54")
    assert (answer["result"], answer["server"]) == (SERVFAIL, "192.0.2.54")
    assert len(server.asked) == 3


def test_second_resolver_takes_over(knot, faulty, make_probe):
    faulty(lambda q: None)
    probe = make_probe("ip=192.0.2.10/24", "dns=192.0.2.54", "dns=192.0.2.53")
    probe.say("dns", 1, "example.test", "MX")
    answer = probe.expect("answer 1")
    assert (answer["result"], answer["server"]) == ("0", "192.0.2.53")


def test_silence_is_a_timeout_within_its_bound(faulty, ask):
    server = faulty(lambda q: None)
    answer = ask("a.test", "A", "192.0.2.54")
    assert (answer["result"], answer["server"]) == (TIMEOUT, "-")
    assert 7000 <= int(answer["ms"]) <= 7700
    assert len(server.asked) >= 3


def test_slow_resolver_that_was_fast_before_is_waited_for(faulty, make_probe):
    """c-ares' own timeout shrinks to a quarter of a second by then."""
    silent = []

    def answer(query):
        if "slow" in query.question[0].name.to_text():
            silent.append(query)
            if len(silent) < 5:
                return None
        return answer_with(query, (query.question[0].name.to_text(), 5, "IN", "A", "192.0.2.7"))

    faulty(answer)
    probe = make_probe("ip=192.0.2.10/24", "dns=192.0.2.54")
    for i in range(4):
        probe.say("dns", i, f"fast{i}.test", "A")
        assert probe.expect(f"answer {i}")["result"] == "0"
    probe.say("dns", 5, "slow.test", "A")
    assert probe.expect("answer 5")["result"] == "0"


def garbage(query):
    return query.to_wire()[:2] + b"\x81\x80" + b"\xff" * 40


def forged(query):
    """A wrong id, then a wrong question, then the true answer."""
    other = dns.message.make_query("b.test", "A")
    other.id = query.id
    wrong_id = bytearray(answer_with(query, ("a.test.", 5, "IN", "A", "192.0.2.66")))
    wrong_id[0] ^= 1
    return [bytes(wrong_id), answer_with(other, ("b.test.", 5, "IN", "A", "192.0.2.66")),
            answer_with(query, ("a.test.", 5, "IN", "A", "192.0.2.7"))]


def test_garbage_is_a_format_error(faulty, ask):
    faulty(garbage)
    assert ask("a.test", "A", "192.0.2.54")["result"] == FORMAT


def test_forged_answers_are_ignored(faulty, ask):
    faulty(forged)
    assert ask("a.test", "A", "192.0.2.54")["records"] == [("A", "a.test", "192.0.2.7")]


def test_records_of_other_names_are_ignored(faulty, ask):
    faulty(lambda q: answer_with(q, ("b.test.", 5, "IN", "A", "192.0.2.66")))
    answer = ask("a.test", "A", "192.0.2.54")
    assert (answer["result"], answer["records"]) == (NODATA, [])


def test_server_without_edns(faulty, ask):
    def answer(query):
        if query.edns >= 0:
            plain = dns.message.Message(query.id)
            plain.flags = dns.flags.QR
            plain.question = query.question
            plain.set_rcode(dns.rcode.FORMERR)
            return plain.to_wire()
        return answer_with(query, ("a.test.", 5, "IN", "A", "192.0.2.7"))

    faulty(answer)
    assert ask("a.test", "A", "192.0.2.54")["result"] == 0


def truncated(query):
    return answer_with(query, flags=dns.flags.TC)


def test_truncated_without_tcp_ends_soon(faulty, ask):
    server = faulty(truncated)
    answer = ask("a.test", "A", "192.0.2.54")
    assert answer["result"] == TIMEOUT
    assert len(server.asked) < 10


def test_tcp_answer_in_single_bytes(faulty, ask):
    def slowly(channel, query):
        data = answer_with(query, ("a.test.", 5, "IN", "TXT", '"by TCP"'))
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in len(data).to_bytes(2, "big") + data:
            channel.send(bytes([byte]))
        channel.recv(1)

    faulty(truncated, slowly)
    assert ask("a.test", "TXT", "192.0.2.54")["records"] == [("TXT", "a.test", "by TCP")]


def test_tcp_that_ends_in_the_middle(faulty, ask):
    faulty(truncated, lambda channel, query: channel.send(b"\x01\x00half"))
    assert ask("a.test", "A", "192.0.2.54")["result"] in (TIMEOUT, FORMAT)


def test_cancelled_query_is_not_touched_and_its_place_is_free(faulty, knot, ask, probe):
    faulty(lambda q: None)
    for turn in range(4):
        for i in range(8):
            probe.say("dns", i, f"n{turn}{i}.test", "A", "192.0.2.54")
            assert probe.expect(f"asked {i}")["err"] == "0"
        for i in range(8):
            probe.ask("cancel", i)
    assert ask("example.test", "MX")["result"] == 0
    assert not [line for line in probe.seen if line.startswith("answer")]


def test_memory_is_bounded_and_returned(knot, faulty, ask, probe):
    ask("example.test", "MX")
    before = int(probe.ask("memory")["used"])
    ask("big.test", "TXT")
    ask("many.test", "A")
    faulty(lambda q: None)
    ask("a.test", "A", "192.0.2.54")
    ask("example.test", "MX")
    memory = probe.ask("memory")
    assert int(memory["used"]) <= before + 600  # c-ares' tables grow a little
    assert int(memory["peak"]) < 40_000


def test_query_without_memory_ends_with_that_error(knot, ask, probe):
    ask("example.test", "MX")
    probe.ask("limit", probe.ask("memory")["used"])
    answer = ask("example.test", "MX")
    assert answer["result"] == MEMORY
    probe.ask("limit", 1_000_000)
    assert ask("example.test", "MX")["result"] == 0


def test_answer_too_large_for_the_memory_ends_with_that_error_and_is_not_asked_for_all_the_time(knot, ask, probe):
    """c-ares itself speaks of a timeout or of a malformed answer then, and asks at once again."""
    ask("example.test", "MX")
    probe.ask("limit", int(probe.ask("memory")["used"]) + 6000)
    answer = ask("big.test", "TXT")
    assert answer["result"] == MEMORY
    assert int(probe.ask("memory")["refused"]) < 200
    assert ask("example.test", "MX")["result"] == 0


def test_query_that_lacked_memory_goes_on_when_there_is_some(knot, ask, probe):
    ask("example.test", "MX")
    probe.ask("limit", int(probe.ask("memory")["used"]) + 6000)
    probe.say("dns", 7, "big.test", "TXT")
    while int(probe.ask("memory")["refused"]) == 0:
        pass
    probe.ask("limit", 1_000_000)
    assert probe.expect("answer 7")["result"] == "0"
