"""The firmware's server against openssl s_client and curl."""

import re
import socket
import threading
import time

import pytest
from conftest import CERTS, HOST, NAME, NOW, PROBE

POLICY = "version: STSv1\nmode: none\nmx: mx.example.net\nmax_age: 86400\n"
ASK = f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n"
STRANGER = "192.0.2.2"
URL = f"https://{NAME}/.well-known/mta-sts.txt"


def s_client(network, *words, text=ASK, address=f"{PROBE}:443"):
    done = network.run(["openssl", "s_client", "-connect", address, "-CAfile", CERTS / "root.pem",
                        "-attime", NOW, "-ign_eof", "-nocommands", *words], input=text)
    return done.stdout + done.stderr


def curl(network, *words):
    return network.run(["curl", "-sS", "-k", "--noproxy", "*", "--max-time", "10",
                        "--resolve", f"{NAME}:443:{PROBE}", "--resolve", f"{NAME}:80:{PROBE}", *words])


@pytest.mark.parametrize("version", ["1_2", "1_3"])
def test_openssl_verifies_and_gets_the_policy(network, probe, version):
    said = s_client(network, f"-tls{version}", "-servername", NAME, "-verify_return_error",
                    "-verify_hostname", NAME, "-alpn", "h2,http/1.1")
    assert "Verify return code: 0 (ok)" in said
    assert f"TLSv{version.replace('_', '.')}" in said
    assert "ALPN protocol: http/1.1" in said
    assert POLICY in said.replace("\r", "")
    assert "HTTP/1.1 200 OK" in said


@pytest.mark.parametrize("version,name,alert", [
    ("1_3", ["-noservername"], 109),
    ("1_2", ["-noservername"], 40),
    ("1_3", ["-servername", "mta-sts.example.com"], 112),
    ("1_2", ["-servername", "mta-sts.example.com"], 112),
])
def test_names_that_are_not_ours_get_their_alert(network, probe, version, name, alert):
    said = s_client(network, f"-tls{version}", *name)
    assert f"SSL alert number {alert}" in said
    assert "no peer certificate available" in said
    assert probe.ask("memory")["servers"] == "0"


@pytest.mark.parametrize("groups", ["X25519", "P-256", "P-384", "P-521:P-256"])
def test_groups_of_the_client(network, probe, groups):
    """The last one makes the server ask for another key share."""
    said = s_client(network, "-tls1_3", "-servername", NAME, "-groups", groups)
    assert "HTTP/1.1 200 OK" in said


def test_hello_as_large_as_a_post_quantum_one(network, probe):
    protocols = ",".join(["http/1.1", *(f"x-{n:03}" + "y" * 60 for n in range(26))])
    for version in ("-tls1_2", "-tls1_3"):
        assert "HTTP/1.1 200 OK" in s_client(network, version, "-servername", NAME, "-alpn", protocols)


def split_first_record(data, size):
    """The same handshake bytes in records of `size` bytes."""
    length = int.from_bytes(data[3:5], "big")
    assert data[0] == 22 and len(data) == 5 + length
    parts = [data[5 + at:5 + at + size] for at in range(0, length, size)]
    return [b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part[:size] for part in parts]


def test_hello_in_many_records_and_segments(network, probe):
    listener = network.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def relay():
        inner, _ = listener.accept()
        outer = network.connect(PROBE, 443)
        outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = inner.recv(65536)
        for record in split_first_record(hello, 150):
            outer.sendall(record[:3])
            time.sleep(0.005)
            outer.sendall(record[3:])

        def back():
            while part := outer.recv(65536):
                inner.sendall(part)
            inner.shutdown(socket.SHUT_WR)

        threading.Thread(target=back, daemon=True).start()
        while part := inner.recv(65536):
            outer.sendall(part)

    for version in ("-tls1_3", "-tls1_2"):
        threading.Thread(target=relay, daemon=True).start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        said = s_client(network, version, "-servername", NAME, address=address)
        assert "HTTP/1.1 200 OK" in said, said
    listener.close()


@pytest.mark.parametrize("version", ["1_2", "1_3"])
def test_record_over_the_usual_buffer_is_taken(network, probe, version):
    """Who posts a report sends one; what is in it is HTTP's affair, and here a head that is too large."""
    said = s_client(network, f"-tls{version}", "-servername", NAME, text="x" * 8000)
    assert "SSL alert" not in said
    assert "HTTP/1.1 431 " in said


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_gets_policy_and_big_answer(network, probe, version):
    flags = ["--tls-max", version, f"--tlsv{version}"]
    assert curl(network, *flags, URL).stdout == POLICY
    assert curl(network, *flags, "--http2", f"https://{NAME}/big").stdout == "b" * 4608
    head = curl(network, *flags, "-I", URL).stdout
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert "X-Content-Type-Options: nosniff\n" in head
    assert f"Content-Length: {len(POLICY)}\n" in head


def test_curl_uses_one_connection_for_many_requests(network, probe):
    done = curl(network, "-w", "%{num_connects}%{http_code} ", "-o", "/dev/null", *[URL] * 5,
                *["-o", "/dev/null"] * 4)
    assert done.stdout.split() == ["1200", "0200", "0200", "0200", "0200"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_body_is_refused_and_the_client_learns_it(network, probe, tmp_path, scheme):
    big = tmp_path / "big"
    big.write_bytes(b"x" * 200000)
    for expect in (["-H", "Expect:"], ["-H", "Expect: 100-continue"]):
        done = curl(network, "-w", "%{http_code}", "-o", "/dev/null", *expect, "--data-binary",
                    f"@{big}", f"{scheme}://{NAME}/")
        assert done.stdout == "413", done.stderr


def test_another_host_is_misdirected(network, probe):
    done = curl(network, "-w", "%{http_code}", "-o", "/dev/null", "-H", "Host: example.org", URL)
    assert done.stdout == "421"


def test_plain_requests(network, probe):
    assert curl(network, f"http://{NAME}/.well-known/mta-sts.txt").stdout == POLICY
    assert curl(network, "-w", "%{http_code}", f"http://{NAME}/nothing").stdout == "404"


def test_slow_strangers_do_not_keep_a_sender_out(network, probe):
    """Ten connections that stay in the middle of a request or handshake; a sender waits 4 s at most."""
    slow = []
    for port, text in [(443, b"\x16\x03\x01"), (80, b"GET / HTTP/1.1\r\n")] * 5:
        made = network.connect(PROBE, port)
        made.sendall(text)
        slow.append(made)
    started = time.monotonic()
    done = curl(network, URL)
    took = time.monotonic() - started
    for made in slow:
        made.close()
    assert done.stdout == POLICY, done.stderr
    print(f"answered after {took:.1f} s")


def test_silent_strangers_do_not_keep_a_sender_out(network, probe):
    """They are as many as there are slots for requests, below what net lets in, and stay silent once connected."""
    network.ip("address", "add", f"{STRANGER}/24", "dev", "tap0")
    strangers = []
    for address in [STRANGER] * 6 + [HOST] * 2:
        made = network.socket()
        made.bind((address, 0))
        made.connect((PROBE, 443))
        strangers.append(made)
    time.sleep(1.5)
    for _ in range(3):
        done = curl(network, "--max-time", "4", URL)
        assert done.stdout == POLICY, done.stderr
    for made in strangers:
        made.close()
    network.ip("address", "del", f"{STRANGER}/24", "dev", "tap0")


def test_many_senders_at_once(network, probe):
    """As many as one address may have connections (SP_TCP_INBOUND_PER_ADDRESS): two wait for TLS."""
    results = []

    def one():
        results.append(curl(network, "-w", "%{time_total}", URL).stdout)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result.startswith(POLICY) for result in results), results
    memory = probe.ask("memory")
    print(memory, sorted(float(re.search(r"[\d.]+$", result).group()) for result in results))
    assert int(memory["peak"]) < 120000
