"""A second policy host in the world: a stranger, or a provider's mistake, that serves a policy of its own; and a web
server for its port 80.

Its certificate is one that the CA really issued to it after the DNS pointed at it, or whatever a test gives it, so
that what senders refuse is what it serves and nothing else.
"""

import socket
import ssl
import time
from dataclasses import dataclass

from .namespace import serve

PATH = "/.well-known/mta-sts.txt"


@dataclass(frozen=True)
class Answer:
    """What is said to a GET of PATH. content_type None: no such line; headers: more lines; wait: seconds before
    the first byte; cut: the connection ends after so many bytes of the body; raw: all of it, as it is."""
    body: bytes = b""
    status: str = "200 OK"
    content_type: str = "text/plain"
    headers: tuple = ()
    wait: float = 0
    cut: int = None
    raw: bytes = None

    def wire(self):
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.body)}", "Connection: close", *self.headers]
        if self.content_type is not None:
            lines.insert(1, f"Content-Type: {self.content_type}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body[:self.cut]


class PolicyHost:
    """Answers over TLS on port 443 of an address, until close(): `answer`, for any name but those in `answers`.

    Both may be changed at any time, also the certificate, by show(), and the names that are refused."""

    def __init__(self, namespace, address, chain, key, body=b""):
        self.answer = Answer(body)
        self.answers = {}  # by the name in SNI
        self.alerts = {}  # by that name: an ssl.AlertDescription in place of a handshake
        self._contexts = {}
        self.show(chain, key)
        self._listener = namespace.listen(address, 443)
        serve(self._listener, self._answer)

    @property
    def body(self):
        return self.answer.body

    @body.setter
    def body(self, body):
        self.answer = Answer(body)

    def show(self, chain, key, version=None, name=None):
        """From now on this certificate, for this name in SNI or for all that have none of their own; version: an
        ssl.TLSVersion to speak alone, however old (with all names)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        if version is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        context.sni_callback = self._note_name
        self._contexts[name] = context

    def _note_name(self, channel, name, _context):
        channel.asked_name = name
        channel.context = self._contexts.get(name, self._contexts[None])
        return self.alerts.get(name)

    def _answer(self, channel):
        channel.settimeout(5)
        try:
            with self._contexts[None].wrap_socket(channel, server_side=True) as wrapped:
                request = wrapped.recv(4096)
                answer = self.answers.get(getattr(wrapped, "asked_name", None), self.answer)
                if request.split(b" ")[1:2] != [PATH.encode()]:
                    answer = Answer(b"not found\n", "404 Not Found")
                time.sleep(answer.wait)
                wrapped.sendall(answer.wire())
        except OSError:
            channel.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class WebHost:
    """A web server on port 80 of an address, until close(): `answer`, for any host but those in `answers`."""

    def __init__(self, namespace, address, answer=Answer(b"not found\n", "404 Not Found")):
        self.answer = answer
        self.answers = {}  # by the request's Host
        self._listener = namespace.listen(address, 80)
        serve(self._listener, self._answer)

    def _answer(self, channel):
        channel.settimeout(5)
        try:
            with channel, channel.makefile("rb") as lines:
                headers = {}
                while line := lines.readline().strip():
                    name, _, value = line.partition(b":")
                    headers[name.lower()] = value.strip().decode()
                answer = self.answers.get(headers.get(b"host"), self.answer)
                time.sleep(answer.wait)
                channel.sendall(answer.wire())
        except OSError:
            pass

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
