"""The world's CA: Pebble on its real ports, with its HTTPS certificate from the world's own authority."""

import json
import os
import subprocess

from . import client, paths, pki
from .namespace import WorldError, wait_until

HOST = "acme.ca.test"
ADDRESS = "192.0.2.1"
PORT = 14000
MANAGEMENT_PORT = 15000


class Ca:
    """Options: nonce_reject (percent), chain_length, validity (seconds), strict, retry_after (seconds),
    authz_reuse (percent), blocked (names that it never issues for)."""

    def __init__(self, namespace, directory, resolver, nonce_reject=0, chain_length=2, validity=7776000,
                 strict=True, retry_after=1, authz_reuse=0, blocked=()):
        self._namespace = namespace
        self._directory = directory
        self._resolver = resolver
        self._strict = strict
        self.authority = pki.Authority()
        self.context = client.trusting(self.authority.pem())
        self._environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
            "PEBBLE_AUTHZREUSE": str(authz_reuse),
            "PEBBLE_CHAIN_LENGTH": str(chain_length),
        }
        self._write_config(validity, retry_after, blocked)
        self._log = open(directory / "pebble.log", "wb")
        self._process = None
        self.root = None

    def _write_config(self, validity, retry_after, blocked):
        certificate, key = self.authority.issue([HOST, ADDRESS])
        chain, secret = pki.write_pair(self._directory, "acme", [certificate], key)
        config = {
            "listenAddress": f"{ADDRESS}:{PORT}",
            "managementListenAddress": f"{ADDRESS}:{MANAGEMENT_PORT}",
            "certificate": str(chain),
            "privateKey": str(secret),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "domainBlocklist": list(blocked),
            "retryAfter": {"authz": retry_after, "order": retry_after},
            "keyAlgorithm": "ecdsa",
            "profiles": {"default": {"description": "the world's profile", "validityPeriod": validity}},
        }
        (self._directory / "pebble.json").write_text(json.dumps({"pebble": config}, indent=2))

    @property
    def directory_url(self):
        return f"https://{HOST}:{PORT}/dir"

    def start(self):
        command = [paths.unpacked_program("pebble", "pebble"), "-config", self._directory / "pebble.json",
                   "-dnsserver", f"{self._resolver}:53", f"-strict={'true' if self._strict else 'false'}"]
        self._process = self._namespace.start(command, env=self._environment, stdout=self._log,
                                              stderr=subprocess.STDOUT)

    def wait(self):
        """Waits for readiness; then `root` is the root certificate of this run, in PEM."""
        self.root = wait_until(self._fetch_root, "the CA")

    def _fetch_root(self):
        if self._process.poll() is not None:
            raise WorldError("the CA ended: " + self.log())
        try:
            return self.manage("/roots/0").body.decode()
        except OSError:
            return None

    def manage(self, path, method="GET", body=None):
        """A request to Pebble's management interface."""
        return client.secure(self._namespace, ADDRESS, HOST, path, self.context, method=method,
                             port=MANAGEMENT_PORT, body=body)

    def log(self):
        return (self._directory / "pebble.log").read_text(errors="replace")

    def close(self):
        self._log.close()
