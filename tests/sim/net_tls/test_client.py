"""The firmware's client against openssl s_server and Python's http.server, and against the firmware."""

import http.server
import socket
import subprocess
import threading

import pytest
from conftest import CERTS, HOST, NAME, PROBE
from world.namespace import wait_until

BIG = bytes(range(256)) * 90  # 23040 bytes: two records, the first of them full


def checksum(data):
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xffffffff
    return str(total)


@pytest.fixture
def s_server(network, tmp_path):
    """Starts openssl s_server on port 443 with a folder of files; returns once it listens."""
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "small").write_bytes(b"small")
    running = []

    def start(*words, cert="leaf", key="leaf", chain="inter"):
        words = [*words, "-cert", CERTS / f"{cert}.pem", "-key", CERTS / f"{key}.key"]
        if chain:
            words += ["-cert_chain", chain if "/" in str(chain) else CERTS / f"{chain}.pem"]
        # Entering the namespace's mounts leaves the folder behind.
        running.append(network.start(
            ["sh", "-c", 'cd "$0" && exec openssl s_server "$@"', tmp_path, "-accept", f"{HOST}:443",
             "-WWW", "-quiet", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

        def listens():
            try:
                network.connect(HOST, 443).close()
                return True
            except OSError:
                return False

        wait_until(listens, "s_server")

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.parametrize("version", ["1_2", "1_3"])
def test_full_records_are_taken(probe, s_server, version):
    s_server(f"-tls{version}")
    result = probe.get(f"https://{NAME}/big")
    assert (result["err"], result["status"]) == ("0", "200"), result
    assert result["version"] == f"TLSv{version.replace('_', '.')}"
    assert (result["body"], result["sum"]) == (str(len(BIG)), checksum(BIG))


@pytest.mark.parametrize("version", ["1_2", "1_3"])
def test_chain_that_fills_a_record(probe, s_server, tmp_path, version):
    """15 KB of certificates, most of which nobody needs."""
    chain = tmp_path / "chain.pem"
    chain.write_bytes((CERTS / "inter.pem").read_bytes() + (CERTS / "rsa_root.pem").read_bytes() * 18)
    s_server(f"-tls{version}", chain=chain)
    result = probe.get(f"https://{NAME}/small")
    assert (result["err"], result["body"]) == ("0", "5"), result


@pytest.mark.parametrize("suite", ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305",
                                   "ECDHE-RSA-AES256-GCM-SHA384"])
def test_rsa_servers_of_tls_1_2(probe, s_server, suite):
    s_server("-tls1_2", "-cipher", suite, cert="rsa", key="rsa", chain=None)
    assert probe.get(f"https://{NAME}/small")["err"] == "0"


@pytest.mark.parametrize("groups", ["X25519", "P-256", "P-384"])
def test_groups_of_the_server(probe, s_server, groups):
    s_server("-tls1_3", "-groups", groups)
    assert probe.get(f"https://{NAME}/small")["err"] == "0"


@pytest.mark.parametrize("cert,key,chain,error,words", [
    ("expired", "leaf", "inter", -26, "expired at 2026-11-01T00:00:00Z"),
    ("future", "leaf", "inter", -27, "valid from 2026-12-01T00:00:00Z"),
    ("other", "other", "inter", -28, "mta-sts.example.org, not for mta-sts.example.net"),
    ("leaf", "leaf", None, -29, "CN=Test Intermediate leads to no trusted root"),
    ("self", "leaf", None, -29, "CN=self leads to no trusted root"),
    ("client", "leaf", "inter", -30, "extendedKeyUsage"),
])
def test_certificates_are_judged(probe, s_server, cert, key, chain, error, words):
    s_server(cert=cert, key=key, chain=chain)
    result = probe.get(f"https://{NAME}/small")
    assert (result["err"], result["stage"]) == (str(error), "tls"), result
    assert words in result["words"]
    result = probe.get(f"https://{NAME}/small", HOST, "report")
    assert (result["err"], result["verify"], result["body"]) == ("0", str(error), "5"), result


def test_alert_of_the_server_is_named(probe, s_server):
    s_server("-servername", "other.example", "-servername_fatal", "-cert2", CERTS / "leaf.pem", "-key2",
             CERTS / "leaf.key")
    result = probe.get(f"https://{NAME}/small")
    assert result["err"] == "-25", result
    assert "unrecognized_name (112)" in result["words"]


def listen(network, port):
    listener = network.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen()
    return listener


def test_server_without_tls_is_told(network, probe):
    listener = listen(network, 443)
    threading.Thread(target=lambda: listener.accept()[0].sendall(b"220 mail ESMTP\r\n"), daemon=True).start()
    result = probe.get(f"https://{NAME}/")
    listener.close()
    assert (result["err"], result["stage"]) == ("-24", "tls"), result
    assert result["words"]


def test_nothing_listens(probe):
    result = probe.get(f"https://{NAME}/")
    assert (result["err"], result["stage"]) == ("-14", "connect"), result
    assert HOST in result["words"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(BIG), 777):
                part = BIG[at:at + 777]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/end":
            self.close_connection = True
            self.end_headers()
            self.wfile.write(BIG)
        else:
            self.send_header("Content-Length", str(len(BIG)))
            self.end_headers()
            self.wfile.write(BIG)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("path", ["/chunked", "/end", "/length"])
def test_bodies_of_python(network, probe, path):
    listener = listen(network, 80)
    server = http.server.HTTPServer((HOST, 80), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    threading.Thread(target=server.serve_forever, daemon=True).start()
    result = probe.get(f"http://example.net{path}")
    server.shutdown()
    server.server_close()
    assert (result["err"], result["body"], result["sum"]) == ("0", str(len(BIG)), checksum(BIG)), result


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_firmware_fetches_from_itself(probe, scheme):
    result = probe.get(f"{scheme}://{NAME}/big", PROBE)
    assert (result["err"], result["status"], result["body"]) == ("0", "200", "4608"), result
    print(probe.ask("memory"))
