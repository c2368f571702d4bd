"""A minimal ACME client of the world's own, for hosts in it that are not the appliance.

It gets one certificate by HTTP-01 from the world's CA, answering the challenge on an address of the world.
"""

import base64
import json
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from . import client, pki
from .namespace import WorldError

ORDER_SECONDS = 15


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


class AcmeClient:
    def __init__(self, namespace, host, address, port, context):
        """host, address and port: where the CA's directory is; context trusts its certificate."""
        self._namespace = namespace
        self._host, self._address, self._port = host, address, port
        self._context = context
        self._key = ec.generate_private_key(ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self._jwk = {"crv": "P-256", "kty": "EC", "x": b64(numbers.x.to_bytes(32, "big")),
                     "y": b64(numbers.y.to_bytes(32, "big"))}
        self._account = None
        self._nonce = None
        self._directory = json.loads(self._request("GET", "/dir").body)

    def _request(self, method, path, body=None):
        headers = {"Content-Type": "application/jose+json"} if body else {}
        reply = client.secure(self._namespace, self._address, self._host, path, self._context, method=method,
                              port=self._port, headers=headers, body=body)
        nonces = reply.header("Replay-Nonce")
        self._nonce = nonces[0] if nonces else None
        return reply

    def _path(self, url):
        return url.split("/", 3)[3].join(["/", ""])

    def _sign(self, url, payload):
        header = {"alg": "ES256", "nonce": self._nonce, "url": url}
        header.update({"kid": self._account} if self._account else {"jwk": self._jwk})
        text = "" if payload is None else b64(compact(payload))
        signed = b64(compact(header)) + "." + text
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        protected, content = signed.split(".")
        return compact({"protected": protected, "payload": content, "signature": signature})

    def post(self, url, payload):
        """A signed request; payload None is POST-as-GET. A refused nonce is tried again with the new one."""
        for _ in range(20):
            if not self._nonce:
                self._request("HEAD", self._path(self._directory["newNonce"]))
            reply = self._request("POST", self._path(url), self._sign(url, payload))
            if reply.status == 400 and b"badNonce" in reply.body:
                continue
            if reply.status >= 400:
                raise WorldError(f"the CA refused {url}: {reply.status} {reply.body.decode()}")
            return reply
        raise WorldError(f"the CA refused every nonce for {url}")

    def _poll(self, url, wanted):
        end = time.monotonic() + ORDER_SECONDS
        while True:
            document = json.loads(self.post(url, None).body)
            if document["status"] in wanted:
                return document
            if document["status"] == "invalid" or time.monotonic() > end:
                raise WorldError(f"{url} is {document}")
            time.sleep(0.1)

    def _register(self):
        reply = self.post(self._directory["newAccount"], {"termsOfServiceAgreed": True})
        self._account = reply.header("Location")[0]

    def _authorise(self, url, answers):
        document = json.loads(self.post(url, None).body)
        if document["status"] == "valid":
            return
        challenge = next(c for c in document["challenges"] if c["type"] == "http-01")
        digest = hashes.Hash(hashes.SHA256())
        digest.update(compact(self._jwk))
        answers[challenge["token"]] = challenge["token"] + "." + b64(digest.finalize())
        self.post(challenge["url"], {})
        self._poll(url, ("valid",))

    def obtain(self, name, addresses):
        """A certificate for name, the challenge answered on these addresses: (PEM chain, private key)."""
        if not self._account:
            self._register()
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        csr = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
        reply = self.post(self._directory["newOrder"], {"identifiers": [{"type": "dns", "value": name}]})
        order_url, order = reply.header("Location")[0], json.loads(reply.body)
        with ChallengeHost(self._namespace, addresses) as answers:
            for url in order["authorizations"]:
                self._authorise(url, answers)
        encoded = b64(csr.public_bytes(serialization.Encoding.DER))
        self.post(order["finalize"], {"csr": encoded})
        order = self._poll(order_url, ("valid",))
        return self.post(order["certificate"], None).body.decode(), key

    def obtain_files(self, name, addresses, directory, stem):
        chain, key = self.obtain(name, addresses)
        chain_path, key_path = pki.write_pair(directory, stem, [], key)
        chain_path.write_text(chain)
        return chain_path, key_path


class ChallengeHost:
    """Answers HTTP-01 on port 80 of some addresses while it is entered; yields the dict of tokens."""

    def __init__(self, namespace, addresses):
        self._answers = {}
        self._listeners = [namespace.listen(address, 80) for address in addresses]

    def _serve(self, listener):
        while True:
            try:
                channel, _ = listener.accept()
            except OSError:
                return
            with channel:
                channel.settimeout(5)
                token = channel.recv(4096).split(b" ")[1].rsplit(b"/", 1)[1].decode()
                body = self._answers.get(token, "").encode()
                status = b"200 OK" if body else b"404 Not Found"
                channel.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/octet-stream\r\n"
                                b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    def __enter__(self):
        self._threads = [threading.Thread(target=self._serve, args=(listener,), daemon=True)
                         for listener in self._listeners]
        for thread in self._threads:
            thread.start()
        return self._answers

    def __exit__(self, *_):
        for listener in self._listeners:
            listener.shutdown(2)
            listener.close()
        for thread in self._threads:
            thread.join(2)
