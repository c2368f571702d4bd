"""Real senders: programs that other people's mail servers use to fetch and judge an MTA-STS policy."""

import json
import re
from dataclasses import dataclass, field

from . import paths
from .namespace import WorldError


@dataclass
class Verdict:
    """What a sender made of a domain: accepted, the policy fields that it understood, and its own words."""
    sender: str
    accepted: bool
    policy_id: str = ""
    mode: str = ""
    mx: list = field(default_factory=list)
    words: str = ""


def _environment(world):
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": str(world.directory),
            "SSL_CERT_FILE": str(world.roots), "NODE_EXTRA_CA_CERTS": str(world.roots)}


def _require_judgement(judged, sender, words):
    """A sender that broke down has refused nothing."""
    if not judged:
        raise WorldError(f"{sender} came to no judgement: {words}")


def postfix_resolver(world, domain):
    """postfix-mta-sts-resolver's mta-sts-query."""
    done = world.namespace.run([paths.system_program("mta-sts-query"), domain], env=_environment(world))
    words = (done.stdout + done.stderr).strip()
    _require_judgement("STSFetchResult." in done.stdout, "mta-sts-query", words)
    found = re.search(r"\(<STSFetchResult\.VALID: 1>, \('([^']*)', (\{.*\})\)\)", done.stdout)
    if not found:
        return Verdict("postfix-mta-sts-resolver", False, words=words)
    mode = re.search(r"'mode': '(\w+)'", found.group(2))
    hosts = re.search(r"'mx': \[([^\]]*)\]", found.group(2))
    return Verdict("postfix-mta-sts-resolver", True, found.group(1), mode.group(1) if mode else "",
                   re.findall(r"'([^']*)'", hosts.group(1)) if hosts else [], words)


def mailauth(world, domain):
    """npm mailauth's getPolicy and validateMx."""
    done = world.namespace.run(["node", paths.NODE_DIR / "mailauth-query.mjs", domain], env=_environment(world))
    words = (done.stdout + done.stderr).strip()
    _require_judgement(done.returncode in (0, 1) and done.stdout.startswith("{"), "mailauth", words)
    answer = json.loads(done.stdout)
    policy = answer["policy"]
    return Verdict("mailauth", done.returncode == 0, policy.get("id") or "", policy.get("mode", ""),
                   policy.get("mx", []), words)


def chasquid(world, domain):
    """chasquid's smtp-check: looks up the MX, fetches the policy and matches the MX against it."""
    command = [paths.unpacked_program("chasquid", "smtp-check"), "-skip_tls_check", domain]
    done = world.namespace.run(command, env=_environment(world))
    words = (done.stdout + done.stderr).strip()
    _require_judgement("=== STS policy" in words, "smtp-check", words)
    policy = re.search(r"Mode:(\w+) MXs:\[([^\]]*)\]", words)
    accepted = done.returncode == 0 and bool(policy) and "Allowed by policy" in words
    mode, hosts = (policy.group(1), policy.group(2).split()) if policy else ("", [])
    return Verdict("chasquid", accepted, mode=mode, mx=hosts, words=words)


ALL = (postfix_resolver, mailauth, chasquid)
