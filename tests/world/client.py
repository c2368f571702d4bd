"""Plain HTTP and HTTPS requests to addresses of the world, with every header and the exact body kept."""

import http.client
import ssl
from dataclasses import dataclass

AGENT = "sealpost-test-world"

@dataclass
class Reply:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        """All values of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def trusting(*roots, version=None):
    """A client context that trusts these PEM roots alone; version is an ssl.TLSVersion to insist on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata="".join(roots))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def exchange(channel, host, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection(host)
    connection.sock = channel
    try:
        connection.request(method, path, body=body, headers={"User-Agent": AGENT, **(headers or {})})
        response = connection.getresponse()
        return Reply(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def plain(namespace, address, host, path, method="GET", port=80, headers=None, seconds=5):
    channel = namespace.connect(address, port, seconds)
    return exchange(channel, host, method, path, headers)


def secure(namespace, address, host, path, context, method="GET", port=443, headers=None, body=None, seconds=8):
    """A request over TLS with SNI and certificate check against host."""
    channel = namespace.connect(address, port, seconds)
    try:
        wrapped = context.wrap_socket(channel, server_hostname=host)
    except OSError:
        channel.close()
        raise
    return exchange(wrapped, host if port == 443 else f"{host}:{port}", method, path, headers, body)


def peer_certificate(namespace, address, host, context, port=443, seconds=8):
    """The certificate that a TLS server shows for a name, in DER."""
    with namespace.connect(address, port, seconds) as channel:
        with context.wrap_socket(channel, server_hostname=host) as wrapped:
            return wrapped.getpeercert(binary_form=True)
