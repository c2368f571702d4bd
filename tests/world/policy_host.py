"""A second policy host in the world: a stranger, or a provider's mistake, that serves a policy of its own.

It has a certificate that the CA really issued to it after the DNS pointed at it, so what senders
refuse is what it serves and nothing else.
"""

import socket
import ssl
import threading

PATH = "/.well-known/mta-sts.txt"


class PolicyHost:
    """Serves body at PATH over TLS on port 443 of an address, for any name, until close()."""

    def __init__(self, namespace, address, chain, key, body):
        self.body = body
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain, key)
        self._listener = namespace.listen(address, 443)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(channel,), daemon=True).start()

    def _answer(self, channel):
        channel.settimeout(5)
        try:
            with self._context.wrap_socket(channel, server_side=True) as wrapped:
                request = wrapped.recv(4096)
                known = request.split(b" ")[1:2] == [PATH.encode()]
                body = self.body if known else b"not found\n"
                status = b"200 OK" if known else b"404 Not Found"
                wrapped.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\n"
                                b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        except OSError:
            channel.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
