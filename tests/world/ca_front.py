"""A front for the CA on a port of its own: it counts requests, acts between them, injects answers, fills records.

The front ends TLS with a certificate of the world's authority and passes each request on to Pebble with
its Host header, so every URL that Pebble hands out leads back to the front.

  front.requests              all requests so far, in order (Request)
  front.before_answer = f     f(request) runs when Pebble has done its work but nothing was answered yet
  front.after_answer = f      f(request) runs when the answer has been handed to the kernel
  front.inject(...)           the next matching requests are answered by the front alone
  CaFront(full_records=True)  its Certificate message is exactly 16,384 bytes, and JSON answers are padded so
                              that each begins with a full record
"""

import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import ca, pki

PORT = 14001
FULL = 16384
PADDED_BODY = 18 * 1024
HOP_HEADERS = ("connection", "content-length", "transfer-encoding", "date", "keep-alive")


@dataclass
class Request:
    number: int
    method: str
    path: str
    status: int = 0
    location: str = ""
    at: float = 0.0


@dataclass
class Injected:
    """An answer of the front's own: for the next `times` requests that `match(method, path)` accepts."""
    match: object
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)
    times: int = 1


def problem(kind, detail):
    """The body of an RFC 7807 problem document with an ACME type."""
    return json.dumps({"type": "urn:ietf:params:acme:error:" + kind, "detail": detail}).encode()


class CaFront:
    def __init__(self, world_ca, namespace, directory, port=PORT, version=None, full_records=False, identities=()):
        """version: an ssl.TLSVersion to insist on. port: where it listens on the CA's address. identities: what
        the CA goes by in CAA records, which Pebble does not say in its directory."""
        self._ca = world_ca
        self._namespace = namespace
        self._lock = threading.Lock()
        self._injected = []
        self.port = port
        self.full_records = full_records
        self.identities = list(identities)
        self.requests = []
        self.before_answer = self.after_answer = None
        self._context = self._server_context(directory, version)
        self._server = self._make_server()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def directory_url(self):
        return f"https://{ca.HOST}:{self.port}/dir"

    def _server_context(self, directory, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if self.full_records:
            chain, key = full_chain(self._ca.authority, version == ssl.TLSVersion.TLSv1_3)
        else:
            certificate, key = self._ca.authority.issue([ca.HOST])
            chain = [certificate]
        context.load_cert_chain(*pki.write_pair(directory, f"front-{self.port}", chain, key))
        return context

    def _make_server(self):
        front = self

        class Handler(_Handler):
            owner = front

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def __init__(self):
                super().__init__((ca.ADDRESS, front.port), Handler, bind_and_activate=False)
                self.socket.close()
                self.socket = front._namespace.listen(ca.ADDRESS, front.port)

            def finish_request(self, request, client_address):
                request.settimeout(20)
                wrapped = front._context.wrap_socket(request, server_side=True)
                try:
                    super().finish_request(wrapped, client_address)
                finally:
                    wrapped.close()

            def handle_error(self, request, client_address):
                """A client that goes away, or is killed, is nothing to report."""

        return Server()

    def inject(self, match, status, body, headers=None, times=1):
        """match: a function of (method, path), or a text that the path contains."""
        test = match if callable(match) else lambda _method, path: match in path
        with self._lock:
            self._injected.append(Injected(test, status, body, headers or {}, times))

    def take_injected(self, method, path):
        with self._lock:
            for entry in self._injected:
                if entry.times and entry.match(method, path):
                    entry.times -= 1
                    return entry
        return None

    def count(self, method, path):
        with self._lock:
            request = Request(len(self.requests) + 1, method, path, at=time.monotonic())
            self.requests.append(request)
            return request

    def made(self, *words):
        """The requests whose path contains one of these words."""
        with self._lock:
            return [request for request in self.requests if any(word in request.path for word in words)]

    def orders(self):
        """The requests for new orders so far."""
        return self.made("/order-plz")

    def accounts(self):
        """The URLs of the accounts that were made through the front, in order."""
        return [request.location for request in self.made("/sign-me-up") if request.status == 201]

    def forget(self):
        """Starts counting anew."""
        with self._lock:
            self.requests = []

    def forward(self, method, path, headers, body):
        channel = self._namespace.connect(ca.ADDRESS, ca.PORT, 10)
        connection = http.client.HTTPSConnection(ca.HOST)
        connection.sock = self._ca.context.wrap_socket(channel, server_hostname=ca.HOST)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            connection.close()

    def identified(self, path, content):
        """An answer of Pebble's; the directory says what the CA goes by."""
        if path != "/dir" or not self.identities:
            return content
        directory = json.loads(content)
        directory["meta"]["caaIdentities"] = self.identities
        return json.dumps(directory).encode()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def log_message(self, *_):
        """The front's record of requests is its log."""

    def _handle(self):
        owner = self.owner
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = owner.count(self.command, self.path)
        own = owner.take_injected(self.command, self.path)
        if own:
            status, headers, content = own.status, list(own.headers.items()), own.body
            headers.append(("Content-Type", "application/problem+json"))
            headers += self._fresh_nonce()
        else:
            status, headers, content = owner.forward(self.command, self.path, self.headers.items(), body)
            content = owner.identified(self.path, content)
        request.status = status
        request.location = dict(headers).get("Location", "")
        if owner.before_answer:
            owner.before_answer(request)
        self._send(status, headers, self._padded(headers, content))
        if owner.after_answer:
            owner.after_answer(request)

    do_GET = do_HEAD = do_POST = _handle

    def _fresh_nonce(self):
        _, headers, _ = self.owner.forward("HEAD", "/nonce-plz", [("Host", self.headers["Host"]),
                                                                  ("User-Agent", "front")], None)
        return [(name, value) for name, value in headers if name.lower() == "replay-nonce"]

    def _padded(self, headers, content):
        kind = dict((name.lower(), value) for name, value in headers).get("content-type", "")
        if not self.owner.full_records or "json" not in kind or not content:
            return content
        return content + b" " * max(0, PADDED_BODY - len(content))

    def _send(self, status, headers, content):
        """One write for head and body, so that TLS fills its records."""
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Answer')}"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() not in HOP_HEADERS]
        lines += [f"Content-Length: {len(content)}", "", ""]
        head = "\r\n".join(lines).encode()
        self.connection.sendall(head + (b"" if self.command == "HEAD" else content))


def certificate_message_size(chain, tls13):
    """The length of the TLS Certificate message for a chain, its four-byte header included."""
    sizes = [len(certificate.public_bytes(pki.serialization.Encoding.DER)) for certificate in chain]
    return 4 + 3 + sum(3 + size for size in sizes) + (1 + 2 * len(sizes) if tls13 else 0)


def full_chain(authority, tls13):
    """A chain for the CA's name whose Certificate message is exactly one full record: (chain, key)."""
    padding = 15000
    for _ in range(64):
        middle = pki.Authority("Sealpost test world intermediate", issuer=authority, padding=padding)
        certificate, key = middle.issue([ca.HOST])
        chain = [certificate, middle.certificate]
        missing = FULL - certificate_message_size(chain, tls13)
        if missing == 0:
            return chain, key
        padding += missing
    raise RuntimeError("no chain of the wanted size came out")


def wire_length(plain, tls13):
    """The length on the wire of an encrypted record with AES-GCM and `plain` bytes of content."""
    return plain + 1 + 16 if tls13 else plain + 8 + 16


