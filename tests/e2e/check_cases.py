"""The table of what the checks say: each way to be wrong that test_checks.py makes for real, and some that are right.

A case is a domain of its own in the world. Unless the case says otherwise, its policy host is a stranger that serves
the very policy of the appliance with a good certificate, and DNS has the right policy id, the MX that the policy lists,
which takes mail over TLS, and the right record for TLS reports: what is then said is due to what the case changes
alone. In a case's texts stand for

    {d} its domain              {id} the id that is to be in DNS
    {h} its policy host         {t} the name of its policy id         {own6} the appliance's IPv6 address
    {m} its MX                  {r} the name of its record for TLS reports
    {account} the URL of the appliance's account with the CA
"""

import datetime
import ssl
from dataclasses import dataclass

from cryptography.x509.oid import ExtendedKeyUsageOID

from damage import DAMAGES
from world import dns_front, pki
from world.namespace import wait_until
from world.policy_host import Answer
from world.world import APPLIANCE

OTHER, OTHER6 = "192.0.2.66", "2001:db8::66"
OLD_TLS = "192.0.2.67"    # serves policies, but in TLS 1.1 alone
CLOSED = "192.0.2.68"     # nobody listens there
HANGS_UP = "192.0.2.69"   # takes connections on ports 80 and 443, and closes them
NO_TLS = "192.0.2.70"     # speaks plain HTTP on port 443
SILENT = "192.0.2.71"     # takes connections on port 443 and says nothing
FORWARDS = "192.0.2.72"   # leads to port 80 of the appliance, like a router outside
SSH = "192.0.2.73"        # something that is no mail server has port 25
PLAIN = "192.0.2.74"      # a mail server without STARTTLS
MAIL = "192.0.2.25"       # the MX of all cases: each gets the certificate that it asks for by its name
NOBODY = "192.0.2.99"     # there is no such host
PRIVATE = "10.0.0.1"      # refuses every connection, like PUBLIC
PUBLIC = "198.51.100.7"   # the address that the appliance is told it has outside; it cannot be reached from inside
DAY = datetime.timedelta(days=1)
IDENTITIES = ("ca.test", "second.ca.test")  # what the CA goes by in CAA records
RUA = "v=TLSRPTv1; rua=mailto:postmaster@{d}"

USUAL = (f"mta-sts A {OTHER}", '_mta-sts TXT "v=STSv1; id={id};"', "@ MX 10 mail.{d}.", f"mail A {MAIL}",
         f'_smtp._tls TXT "{RUA}"')


@dataclass(frozen=True)
class Says:
    """What one check says. words stand in its reason, remedy in its remedy, evidence anywhere in its evidence."""
    check: str
    result: str
    code: str
    words: tuple = ()
    remedy: str = ""
    evidence: tuple = ()


@dataclass(frozen=True)
class Case:
    """One way to be wrong.

    zone: lines "name TYPE value", names below the domain or @; they replace all that USUAL has at these names.
    without: names with nothing at all. rules: (name, type, action) of the resolver. policy: from the policy's text to
    the answer of the stranger. certificate, mx_certificate: from the world's authority and the name of the policy
    host, or of the MX, to a chain and a key. alert: in place of the handshake. web: the stranger's answer on port 80.
    served: the appliance serves it and all is well before the case comes true. clock=False: in a world where no time
    server answers. mx: what the policy lists. options: more of `domain add`. act: called with the town and the
    domain at last."""
    name: str
    says: tuple
    zone: tuple = ()
    without: tuple = ()
    rules: tuple = ()
    policy: object = None
    certificate: object = None
    mx_certificate: object = None
    alert: object = None
    web: object = None
    served: bool = False
    clock: bool = True
    mx: str = "mail.{d}"
    options: str = ""
    act: object = None
    every_board: bool = False

    @property
    def domain(self):
        return self.name.lower().replace(" ", "-").replace("_", "-") + ".test"


def case(name, *says, **more):
    return Case(name, says, **more)


def fails(check, code, *words, remedy, evidence=()):
    return Says(check, "fail", code, words, remedy, evidence)


def unknown(check, code, *words, remedy, evidence=()):
    return Says(check, "unknown", code, words, remedy, evidence)


def passes(check, *words, code="ok", evidence=()):
    return Says(check, "pass", code, words, evidence=evidence)


# dns ---------------------------------------------------------------------------------------------

PUBLISH = "Publish the address records that `dns {d}` prints."


def host_not_there(name, code, words, **more):
    return case(name, fails("dns", code, *words, remedy=PUBLISH), fails("https", code, "{h}", remedy=PUBLISH),
                fails("port80", code, "{h}", remedy=PUBLISH),
                unknown("certificate", "not_reached", "was not reached", remedy="https check"), **more)


def dns_unknown(name, code, words, action):
    return case(name, unknown("dns", code, "DNS could not be asked for {h}", words, remedy="name servers"),
                unknown("https", code, words, remedy="name servers"),
                unknown("port80", code, words, remedy="name servers"), rules=(("mta-sts", "*", action),))


def elsewhere(name, address, *zone, **more):
    return case(name, fails("dns", "a_elsewhere", "{h}", address, "not this appliance", remedy="`dns {d}`",
                            evidence=(address,)), zone=zone, **more)


def stray(name, address, *zone):
    return case(name, fails("dns", "aaaa_stray", address, "stray AAAA", "IPv6 first", remedy="Remove that AAAA record",
                            evidence=(address,)), zone=zone)


DNS = (
    host_not_there("host missing", "nxdomain", ("{h} does not exist",), without=("mta-sts",), every_board=True),
    host_not_there("host without address", "no_address", ("neither an A nor an AAAA",),
                   zone=('mta-sts TXT "no address"',)),
    host_not_there("alias of a host without address", "no_address", ("neither an A nor an AAAA",),
                   zone=("mta-sts CNAME gw.{d}.", 'gw TXT "no address"')),
    case("alias broken", fails("dns", "alias_broken", "alias (CNAME) of gw.{d}", remedy="Give gw.{d} its addresses",
                               evidence=("CNAME gw.{d}",)),
         zone=("mta-sts CNAME gw.{d}.",), every_board=True),
    case("chain of aliases broken", fails("dns", "alias_broken", "alias (CNAME) of c.{d}", remedy="Give c.{d}"),
         zone=("mta-sts CNAME a.{d}.", "a CNAME b.{d}.", "b CNAME c.{d}.")),
    elsewhere("address elsewhere", OTHER, f"mta-sts A {OTHER}", every_board=True),
    elsewhere("alias elsewhere", OTHER, "mta-sts CNAME gw.{d}.", f"gw A {OTHER}"),
    elsewhere("one of two addresses elsewhere", OTHER, f"mta-sts A {APPLIANCE}", f"mta-sts A {OTHER}"),
    elsewhere("lowest of two addresses elsewhere", OTHER, f"mta-sts A {OLD_TLS}", f"mta-sts A {OTHER}"),
    elsewhere("wildcard elsewhere", OTHER, f"* A {OTHER}", without=("mta-sts",)),
    elsewhere("private address", PRIVATE, f"mta-sts A {PRIVATE}"),
    elsewhere("elsewhere and half of DNS fails", OTHER, f"mta-sts A {OTHER}",
              rules=(("mta-sts", "AAAA", dns_front.SERVFAIL),)),
    stray("stray AAAA", OTHER6, f"mta-sts A {APPLIANCE}", f"mta-sts AAAA {OTHER6}"),
    stray("AAAA alone elsewhere", OTHER6, f"mta-sts AAAA {OTHER6}"),
    stray("one of two AAAA elsewhere", OTHER6, "mta-sts AAAA {own6}", f"mta-sts AAAA {OTHER6}"),
    stray("stray AAAA behind an alias", OTHER6, "mta-sts CNAME gw.{d}.", f"gw A {APPLIANCE}", f"gw AAAA {OTHER6}"),
    dns_unknown("server fails", "servfail", "SERVFAIL", dns_front.SERVFAIL),
    dns_unknown("server refuses", "dns_refused", "refused to answer", dns_front.REFUSED),
    case("AAAA cannot be told", unknown("dns", "servfail", "DNS could not be asked", remedy="name servers"),
         zone=(f"mta-sts A {APPLIANCE}",), rules=(("mta-sts", "AAAA", dns_front.SERVFAIL),)),
    case("forwarded to the appliance", passes("dns", FORWARDS, evidence=("the appliance reaches itself there",)),
         passes("port80"), zone=(f"mta-sts A {FORWARDS}",)),
    case("forwarded and elsewhere", fails("dns", "a_elsewhere", OTHER, remedy="`dns {d}`",
                                           evidence=(FORWARDS + ": the appliance reaches itself there",
                                                     OTHER + ": something else answers there")),
         zone=(f"mta-sts A {FORWARDS}", f"mta-sts A {OTHER}")),
    case("truncated over UDP", fails("dns", "a_elsewhere", OTHER, remedy="`dns {d}`"),
         rules=(("mta-sts", "*", dns_front.TRUNCATE),)),
)

# https: what a stranger answers ------------------------------------------------------------------

SEE = "See what answers there"
SEE_443 = "See what answers on port 443 of {h}"


def answers(name, code, words, remedy=SEE, policy=None, **more):
    return case(name, fails("https", code, *words, remedy=remedy), passes("certificate"), policy=policy, **more)


def served_with(**changes):
    """The policy in an answer that is changed so."""
    return lambda text: Answer(text, **changes)


def damaged(name):
    hurt = next(damage.hurt for damage in DAMAGES if damage.name == name)
    return lambda text: Answer(hurt(text))


def body(name, damage, words, remedy=SEE):
    return answers(name, "body_differs", (words,), remedy, policy=damaged(damage))


HTTPS = (
    case("policy of a stranger", passes("https", "serves exactly this policy"), passes("certificate", "valid until")),
    answers("redirect", "redirect", ("status 301", "https://www.example.test/", "do not follow"), every_board=True,
            policy=lambda text: Answer(text, "301 Moved Permanently",
                                       headers=("Location: https://www.example.test/",))),
    answers("redirect to nowhere", "redirect", ("status 302", "to nowhere"), policy=served_with(status="302 Found")),
    answers("not modified", "status", ("status 304",), policy=lambda _: Answer(b"", "304 Not Modified")),
    answers("not found", "status", ("status 404 instead of 200",), policy=served_with(status="404 Not Found")),
    answers("forbidden", "status", ("status 403",), policy=served_with(status="403 Forbidden")),
    answers("server error", "status", ("status 500",), policy=served_with(status="500 Internal Server Error")),
    answers("partial content", "status", ("status 206",), policy=served_with(status="206 Partial Content")),
    answers("no content type", "content_type_missing", ("without a content type", "text/plain"),
            policy=served_with(content_type=None)),
    answers("HTML", "content_type", ('"text/html"', "text/plain"), every_board=True,
            policy=lambda _: Answer(b"<html>Welcome</html>", content_type="text/html")),
    answers("octets", "content_type", ('"application/octet-stream"',),
            policy=served_with(content_type="application/octet-stream")),
    answers("other charset", "content_type", ("iso-8859-1",),
            policy=served_with(content_type="text/plain; charset=iso-8859-1")),
    case("charset that is good", passes("https"), policy=served_with(content_type="text/plain; charset=utf-8")),
    answers("not HTTP", "not_http", ("not HTTP",), remedy=SEE_443, policy=lambda _: Answer(raw=b"SSH-2.0-example\r\n")),
    answers("breaks off", "closed", ("closed in the midst",), remedy=SEE_443, policy=lambda text: Answer(text, cut=20)),
    answers("says nothing", "closed", ("closed in the midst",), remedy=SEE_443, policy=lambda _: Answer(raw=b"")),
    answers("slow", "slow", ("some senders wait only 4000 ms",), remedy="delays port 443",
            policy=served_with(wait=4.2)),
    body("no version", "no version", 'line 1 is "mode: testing" instead of "version: STSv1"'),
    body("no mode", "no mode", 'line 2 is "mx: mail.{d}" instead of "mode: testing"'),
    body("no mx", "no mx", "line 3 is"),
    body("no max_age", "no max_age", "line 4 is"),
    body("version twice", "version twice", 'line 2 is "version: STSv1"'),
    body("blank line first", "blank line first", "line 1 is"),
    body("blank line within", "blank line within", "line 3 is"),
    body("blank line last", "blank line last", 'line 5, "", is one too many'),
    body("LF alone", "LF alone", 'line 1, "version: STSv1", ends otherwise than in CR LF'),
    body("LF in one line", "LF in one line", 'line 1, "version: STSv1", ends otherwise than in CR LF'),
    body("no end of the last line", "no end of the last line", 'line 4, "max_age: 86400", ends otherwise'),
    body("space at the end of max_age", "trailing space after max_age",
         'line 4 is "max_age: 86400 " instead of "max_age: 86400"'),
    body("key in capitals", "key in capitals", 'line 1 is "Version: STSv1"'),
    body("space before the colon", "space before the colon", 'line 2 is "mode : testing"'),
    body("byte-order mark", "byte-order mark", "line 1 is"),
    body("other max_age", "max_age 0", 'line 4 is "max_age: 0"'),
    body("line of HTML", "a line of HTML first", 'line 1 is "<html>"'),
    body("empty", "empty", "line 1"),
    body("too large", "more than 64 KiB", "larger than this appliance's policy", SEE_443),
)

# https and port80: where nobody answers, or not in TLS -------------------------------------------

ENDPOINTS = (
    case("port 443 closed",
         fails("https", "refused", "No connection to {h} on port 443 of " + CLOSED, remedy="stops port 443"),
         unknown("certificate", "not_reached", "was not reached", remedy="https check"),
         fails("port80", "refused", "not reached at " + CLOSED, remedy="stops port 80"), zone=(f"mta-sts A {CLOSED}",),
         every_board=True),
    case("hangs up", fails("https", "closed", "closed", remedy=SEE_443),
         fails("certificate", "none_shown", "shows no certificate", remedy="renew {d}"),
         fails("port80", "closed", "not reached at " + HANGS_UP, remedy="stops port 80"),
         zone=(f"mta-sts A {HANGS_UP}",)),
    case("no TLS", fails("https", "tls_failed", "TLS handshake failed", remedy=SEE_443),
         fails("certificate", "none_shown", "shows no certificate", remedy="renew {d}"), zone=(f"mta-sts A {NO_TLS}",)),
    case("old TLS", fails("https", "tls_alert", "TLS handshake was refused", remedy=SEE_443),
         fails("certificate", "none_shown", "shows no certificate", remedy="renew {d}"),
         zone=(f"mta-sts A {OLD_TLS}",)),
    case("says nothing in TLS", fails("https", "timeout", "did not come in time", remedy=SEE_443),
         zone=(f"mta-sts A {SILENT}",)),
    case("nobody there", fails("https", "connect_timeout", "port 443 of " + NOBODY, remedy="stops port 443"),
         fails("port80", "timeout", "not reached at " + NOBODY, remedy="stops port 80"), zone=(f"mta-sts A {NOBODY}",)),
    case("no hairpin", passes("dns", PUBLIC),
         unknown("https", "no_hairpin", PUBLIC, "from inside", remedy="forwards port 443"),
         unknown("port80", "no_hairpin", PUBLIC, "from inside", remedy="forwards port 80"),
         zone=(f"mta-sts A {PUBLIC}",)),
    case("other web server",
         fails("port80", "answer_differs", f"port 80 of {OTHER}", "status 404", remedy="without a redirect")),
    case("web server that says yes to all",
         fails("port80", "answer_differs", "status 200", remedy="without a redirect"),
         web=Answer(b"welcome\n")),
    case("challenge redirected", fails("port80", "answer_differs", "redirects the CA's challenge path (status 301)",
                                       remedy="without a redirect"),
         web=Answer(b"", "301 Moved Permanently", headers=("Location: https://www.example.test/",)), every_board=True),
    case("challenges over one family", fails("port80", "family_fails", "over IPv6", OTHER6, "over IPv4 it is",
                                             remedy="AAAA record: the CA tries IPv6 first"),
         zone=(f"mta-sts A {APPLIANCE}", f"mta-sts AAAA {OTHER6}")),
    case("challenges over the other family",
         fails("port80", "family_fails", "over IPv4", CLOSED, "over IPv6 it is", remedy="A record"),
         zone=("mta-sts AAAA {own6}", f"mta-sts A {CLOSED}")),
)

# certificate -------------------------------------------------------------------------------------


def issued(**options):
    """A certificate of the authority that the appliance trusts, with these options of issue()."""
    def issue(authority, host):
        certificate, key = authority.issue([options.get("name", host).replace("HOST", host)],
                                           **{name: value for name, value in options.items() if name != "name"})
        return [certificate], key
    return issue


def _stranger(_authority, host):
    certificate, key = pki.Authority("Somebody's own root").issue([host])
    return [certificate], key


def _chain_cut(authority, host):
    """The intermediate that issued it is not sent."""
    certificate, key = pki.Authority("Sealpost test world intermediate", authority).issue([host])
    return [certificate], key


def _dated(since, until):
    now = datetime.datetime.utcnow()
    return issued(since=now + since * DAY, until=now + until * DAY)


def certificate(name, code, words, remedy, make, **more):
    return case(name, fails("certificate", code, *words, remedy=remedy),
                fails("https", "certificate", "senders stop at its certificate", remedy="certificate check"),
                certificate=make, **more)


CERTIFICATES = (
    certificate("expired", "expired", ("expired at",), "`renew {d}`", _dated(-30, -1), every_board=True),
    certificate("not yet valid", "not_yet_valid", ("valid only from",), "`time`", _dated(1, 30)),
    certificate("other name", "name", ("is for www.example.test, not for {h}", "another host answers"),
                "address records",
                issued(name="www.example.test")),
    certificate("wildcard above", "name", ("is for *.test, not for {h}",), "address records", issued(name="*.test")),
    certificate("wildcard below", "name", ("is for *.{h}, not for {h}",), "address records", issued(name="*.HOST")),
    certificate("address for the name", "name", ("not for {h}",), "address records", issued(name=OTHER)),
    certificate("name in the subject alone", "name", ("no host at all",), "address records", issued(alternative=False)),
    certificate("untrusted", "untrusted", ("Somebody's own root", "no root that senders trust"), "trust add",
                _stranger),
    certificate("self-signed", "untrusted", ("no root that senders trust",), "trust add",
                lambda _authority, host: pki.self_signed([host])),
    certificate("intermediate left out", "untrusted", ("Sealpost test world intermediate",), "trust add", _chain_cut),
    certificate("for clients alone", "defect", ("not usable",), "`renew {d}`",
                issued(purpose=ExtendedKeyUsageOID.CLIENT_AUTH)),
    case("wildcard that fits", passes("certificate"), passes("https"),
         certificate=lambda authority, host: issued(name="*." + host.partition(".")[2])(authority, host)),
    case("no certificate for this name", fails("certificate", "none_shown", "unrecognized_name", remedy="renew {d}"),
         fails("https", "tls_alert", "refused", "unrecognized_name", remedy=SEE_443),
         alert=ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME),
)

# policy_id ---------------------------------------------------------------------------------------

REPLACE = "Replace it by the TXT record that `dns {d}` prints"


def syntax(name, text, words, code="syntax", remedy=REPLACE, **more):
    return case(name, fails("policy_id", code, words, remedy=remedy), zone=(f'_mta-sts TXT "{text}"',), **more)


HALF = "x" * 250
PADDING = tuple(f'_mta-sts TXT "{number}{HALF}" "{HALF}"' for number in range(10))

POLICY_IDS = (
    case("no id", fails("policy_id", "missing", "{t} has no TXT record", remedy="Publish the TXT record"),
         without=("_mta-sts",),
         every_board=True),
    case("something else in its place",
         fails("policy_id", "missing", "no TXT record that begins with", remedy="`dns {d}`"),
         zone=('_mta-sts TXT "v=spf1 -all"',)),
    case("two ids in DNS",
         fails("policy_id", "several", "has 2 TXT records", "no policy at all", remedy="Leave only the one"),
         zone=('_mta-sts TXT "v=STSv1; id={id};"', '_mta-sts TXT "v=STSv1; id=1;"'), every_board=True),
    syntax("other id", "v=STSv1; id=20200101;", "the policy id 20200101, but the policy that is served has {id}",
           code="id_differs", remedy="Replace it", every_board=True),
    syntax("id cut short", "v=STSv1; id={id:.31};", "{id:.31}, but", code="id_differs", remedy="Replace it"),
    syntax("version in small letters", "v=stsv1; id={id};", "in just these letters", remedy="Publish the TXT record"),
    syntax("version with spaces", "v = STSv1; id={id};", "in just these letters", remedy="Publish the TXT record"),
    syntax("version without semicolon", "v=STSv1 id={id}", "in just these letters", remedy="Publish the TXT record"),
    syntax("quotes in the text", "\\\"v=STSv1; id={id};\\\"", "in just these letters", remedy="Publish the TXT record"),
    syntax("version first after a space", " v=STSv1; id={id};", "in just these letters",
           remedy="Publish the TXT record"),
    syntax("field without id", "v=STSv1;", "it has no id"),
    syntax("two ids in a record", "v=STSv1; id={id}; id={id};", "it has two ids"),
    syntax("id empty", "v=STSv1; id=;", "its id is empty"),
    syntax("id too long", "v=STSv1; id=" + 33 * "1" + ";", "more than 32 characters"),
    syntax("id with a dash", "v=STSv1; id=2026-01-01;", "other than letters and digits"),
    syntax("id in capitals", "v=STSv1; ID={id};", "in lower case and without spaces"),
    syntax("id with spaces", "v=STSv1; id = {id};", "in lower case and without spaces"),
    syntax("field empty", "v=STSv1;; id={id};", "an empty field"),
    syntax("field malformed", "v=STSv1; id={id}; nonsense;", "not of the form name=value"),
    syntax("space at the end", "v=STSv1; id={id}; ", "ends with a space", code="trailing"),
    case("alias of the id broken", fails("policy_id", "missing", "{t}", remedy="Publish the TXT record"),
         zone=("_mta-sts CNAME sts.{d}.",)),
    case("alias of a wrong id", fails("policy_id", "id_differs", "policy id 7,", remedy="Replace it"),
         zone=("_mta-sts CNAME sts.{d}.", 'sts TXT "v=STSv1; id=7;"')),
    case("too much text",
         unknown("policy_id", "too_many_records", "more TXT records than could be read", remedy="Remove the records"),
         zone=PADDING),
    case("alias of the id", passes("policy_id", "{id}"),
         zone=("_mta-sts CNAME sts.{d}.", 'sts TXT "v=STSv1; id={id};"')),
    case("id in two strings", passes("policy_id", "{id}"), zone=('_mta-sts TXT "v=STSv1;" " id={id};"',)),
    case("id beside other text", passes("policy_id", "{id}"),
         zone=('_mta-sts TXT "v=STSv1; id={id}"', '_mta-sts TXT "unrelated"')),
    case("id with an extension", passes("policy_id", "{id}"), zone=('_mta-sts TXT "v=STSv1; id={id}; a=b"',)),
    case("TXT server fails", unknown("policy_id", "servfail", "{t}", remedy="name servers"),
         rules=(("_mta-sts", "TXT", dns_front.SERVFAIL),)),
    case("TXT server refuses", unknown("policy_id", "dns_refused", "{t}", remedy="name servers"),
         rules=(("_mta-sts", "TXT", dns_front.REFUSED),)),
    case("TXT server malformed", unknown("policy_id", "dns_malformed", "{t}", remedy="name servers"),
         rules=(("_mta-sts", "TXT", dns_front.FORMERR),)),
    case("TXT server silent", unknown("policy_id", "dns_timeout", "{t}", remedy="name servers"),
         rules=(("_mta-sts", "TXT", dns_front.SILENCE),)),
)

# policy_id over a domain's life ------------------------------------------------------------------


def after(line, withdraw=False):
    """The appliance looks at a domain that it serves, and in another second gets this command; withdraw: the policy
    id goes."""
    def act(town, domain):
        seen = town.board.check(domain)["policy_id"]["at"]
        wait_until(lambda: town.board.ask_json("status")["time"] > seen, "the next second")
        town.board.ask_json(line.format(d=domain))
        if withdraw:
            town.world.provider.remove("_mta-sts." + domain, "TXT")
    return act


LIFE = (
    case("policy changed", fails("policy_id", "id_old", "DNS still has the former policy id, {id};",
                                 remedy="Publish the TXT record that `dns {d}` prints"),
         served=True, act=after("domain set {d} max-age 172800")),
    case("disabled and id left behind", fails("policy_id", "left_behind", "No policy is served any more", "id={id}",
                                              remedy="Delete the TXT record at {t}"),
         served=True, act=after("disable {d} now")),
    case("disabled and id gone", passes("policy_id", "DNS has no policy id any more", code="gone"),
         served=True, act=after("disable {d} now", withdraw=True)),
)

# mx_match ----------------------------------------------------------------------------------------


def unlisted(name, code, words, *zone, **more):
    return case(name, fails("mx_match", code, *words, remedy="`domain set {d} mx"), zone=zone, **more)


def no_mx(name, code, words, remedy, **more):
    return case(name, fails("mx_match", code, words, remedy=remedy),
                fails("mx_tls", code, "{d} has", "to speak to", remedy="mx_match check"), **more)


def listed(name, code="ok", words=(), **more):
    return case(name, passes("mx_match", *words, code=code), **more)


MX = (
    unlisted("MX that is not listed", "not_listed", ("does not list backup.{d}:",), "@ MX 10 mail.{d}.",
             "@ MX 20 backup.{d}.", f"backup A {MAIL}"),
    unlisted("MX that moved", "none_match", ("none of the live MX (new.{d})",), "@ MX 10 new.{d}.", f"new A {MAIL}"),
    unlisted("two labels under a wildcard", "none_match", ("(a.b.{d})",), "@ MX 10 a.b.{d}.", f"a.b A {MAIL}",
             mx="*.{d}"),
    unlisted("name above a wildcard", "none_match", ("({d})",), "@ MX 10 {d}.", f"@ A {MAIL}", mx="*.{d}"),
    no_mx("without MX", "no_mx", "{d} has no MX record", "Publish the MX records of {d}", without=("@",)),
    no_mx("null MX", "null_mx", "null MX (RFC 7505)", "`disable {d}`", zone=("@ MX 0 .",)),
    case("MX server fails", unknown("mx_match", "servfail", "{d}", remedy="name servers"),
         unknown("mx_tls", "servfail", "{d}", remedy="name servers"), rules=(("@", "MX", dns_front.SERVFAIL),)),
    case("MX server refuses", unknown("mx_match", "dns_refused", "{d}", remedy="name servers"),
         rules=(("@", "MX", dns_front.REFUSED),)),
    listed("listed MX without a record", "unused", ("old.{d} besides",), mx="mail.{d},old.{d}"),
    listed("mode none", "ok_none", ("mode is none",), options="mode none", zone=("@ MX 10 new.{d}.",)),
    listed("MX under a wildcard", mx="*.{d}"),
    listed("MX in capitals", zone=("@ MX 10 MAIL.{d}.",)),
)

# tlsrpt ------------------------------------------------------------------------------------------


def reports(name, code, words, *texts, remedy="Replace it by the TXT record that `dns {d}` prints", **more):
    return case(name, fails("tlsrpt", code, *words, remedy=remedy),
                zone=tuple(f'_smtp._tls TXT "{text}"' for text in texts), **more)


def bad_report(name, fault, text):
    return reports(name, "syntax", ("{r}, since it", fault), text)


def reports_well(name, *texts, zone=()):
    return case(name, passes("tlsrpt", "postmaster@{d}"),
                zone=(*zone, *(f'_smtp._tls TXT "{text}"' for text in texts)))


ASK = "Publish the TXT record that `dns {d}` prints"

TLSRPT = (
    reports("no record for reports", "missing", ("{r} has no TXT record",), remedy=ASK, without=("_smtp._tls",)),
    reports("other record for reports", "missing", ("{r} has no TXT record",), "v=spf1 -all", remedy=ASK),
    reports("version of reports in small letters", "missing", ("begins with",),
            "v=tlsrptv1; rua=mailto:postmaster@{d}", remedy=ASK),
    reports("two records for reports", "several", ("{r} has 2 TXT records", "report nothing"), RUA, RUA + ";",
            remedy="Leave only the one"),
    bad_report("reports to nowhere", "it has no rua", "v=TLSRPTv1;"),
    bad_report("rua empty", "not of the form name=value", "v=TLSRPTv1; rua="),
    bad_report("two ruas", "two ruas", RUA + "; rua=mailto:other@{d}"),
    bad_report("rua without scheme", "neither a mailto: nor an https: URI", "v=TLSRPTv1; rua=postmaster@{d}"),
    bad_report("rua without an address", "mailto: without an address", "v=TLSRPTv1; rua=mailto:postmaster"),
    bad_report("rua without a host", "https: without a host", "v=TLSRPTv1; rua=https://"),
    bad_report("rua with a character", "character that a URI does not have", "v=TLSRPTv1; rua=mailto:post master@{d}"),
    bad_report("report field empty", "empty field", "v=TLSRPTv1;; rua=mailto:postmaster@{d}"),
    reports("reports to somebody else", "differs", ("sent to mailto:other@{d}", "not to mailto:postmaster@{d}"),
            "v=TLSRPTv1; rua=mailto:other@{d}"),
    reports_well("reports to several", "v=TLSRPTv1; rua=mailto:other@{d},mailto:postmaster@{d}"),
    reports_well("record for reports beside another", "v=spf1 -all", RUA + ";"),
    reports_well("alias of the record for reports", zone=("_smtp._tls CNAME rpt.{d}.", f'rpt TXT "{RUA}"')),
    case("reports server fails", unknown("tlsrpt", "servfail", "{r}", remedy="name servers"),
         rules=(("_smtp._tls", "TXT", dns_front.SERVFAIL),)),
)

# caa ---------------------------------------------------------------------------------------------

AT_HOST = f"mta-sts A {OTHER}"
AT_DOMAIN = "@ MX 10 mail.{d}."
ALLOW = "; `dns {d}` prints one that allows it"
OURS = f'0 issue "{IDENTITIES[0]}"'


def caa(*records, parent=False):
    """The zone with these records at the policy host, or at the label above it."""
    usual = AT_DOMAIN if parent else AT_HOST
    return (usual, *(f"{usual.split()[0]} CAA {record}" for record in records))


def forbids(name, code, words, *records, **more):
    return case(name, fails("caa", code, "CAA records of {h}", *words, remedy=ALLOW), zone=caa(*records), **more)


def allows(name, *records):
    return case(name, passes("caa", "CAA records of {h} let this CA issue"), zone=caa(*records))


CAA = (
    forbids("CAA of another CA", "forbidden", ('allow "other.test", not this CA', *IDENTITIES),
            '0 issue "other.test"'),
    forbids("CAA of two other CAs", "forbidden", (), '0 issue "other.test"', '0 issue "third.test"'),
    forbids("CAA of nobody", "forbidden", (), '0 issue ";"'),
    forbids("CAA for wildcards and of another", "forbidden", (), f'0 issuewild "{IDENTITIES[0]}"',
            '0 issue "other.test"'),
    forbids("CAA of a name above", "forbidden", (), '0 issue "test"'),
    forbids("CAA critical", "critical", ('critical tag "tbs"',), OURS, '128 tbs "x"'),
    forbids("CAA method", "method", ("validationmethods",), f'0 issue "{IDENTITIES[0]}; validationmethods=dns-01"'),
    forbids("CAA account", "account", ("accounturi",),
            f'0 issue "{IDENTITIES[0]}; accounturi=https://ca.test/other"'),
    forbids("CAA account begins alike", "account", ("accounturi",),
            f'0 issue "{IDENTITIES[0]}; accounturi={{account}}0"'),
    case("CAA above the host", fails("caa", "forbidden", 'CAA records of {d} allow "other.test"', remedy=ALLOW),
         zone=caa('0 issue "other.test"', parent=True)),
    case("CAA above the host allows", passes("caa", "CAA records of {d} let"), zone=caa(OURS, parent=True)),
    case("CAA at the host goes first", passes("caa", "CAA records of {h} let"),
         zone=(*caa(OURS), *caa('0 issue "other.test"', parent=True))),
    case("CAA server fails", unknown("caa", "servfail", "{h}", remedy="does not issue"),
         rules=(("mta-sts", "CAA", dns_front.SERVFAIL),)),
    allows("CAA", OURS),
    allows("CAA of one of two", '0 issue "other.test"', f'0 issue "{IDENTITIES[1]}"'),
    allows("CAA method that is good", f'0 issue "{IDENTITIES[0]}; validationmethods=dns-01,http-01"'),
    allows("CAA for wildcards alone", '0 issuewild "other.test"'),
    allows("CAA unknown but not critical", OURS, '0 tbs "x"'),
    allows("CAA critical and known", '128 issue "ca.test"', '128 iodef "mailto:postmaster@{d}"'),
)

# mx_tls ------------------------------------------------------------------------------------------


def mx_fails(name, code, words, remedy, **more):
    return case(name, fails("mx_tls", code, "The MX {m}", *words, remedy=remedy), **more)


def shows(name, code, words, remedy, make, **more):
    return mx_fails(name, code, words, remedy, mx_certificate=make, **more)


CERTIFIED = "Give its mail server"

MX_TLS = (
    shows("MX of other name", "cert_name", ("it is for www.example.test",), CERTIFIED,
          issued(name="www.example.test")),
    shows("MX with its name in the subject alone", "cert_name", ("it names no host",), CERTIFIED,
          issued(alternative=False)),
    shows("MX expired", "cert_expired", ("has expired",), "Renew it", _dated(-30, -1)),
    shows("MX not yet valid", "cert_not_yet", ("not valid yet", "its own begins at"), "`time`", _dated(1, 30)),
    shows("MX untrusted", "cert_untrusted", ("Somebody's own root",), CERTIFIED, _stranger),
    shows("MX without the intermediate", "cert_untrusted", ("Sealpost test world intermediate",), "intermediate",
          _chain_cut),
    shows("MX for clients alone", "cert_defect", ("not usable",), CERTIFIED,
          issued(purpose=ExtendedKeyUsageOID.CLIENT_AUTH)),
    mx_fails("MX without address", "mx_no_address", ("no address in DNS",), "A or AAAA", without=("mail",)),
    mx_fails("MX that refuses", "mx_refused", ("port 25 of " + CLOSED,), "mail server runs",
             zone=(f"mail A {CLOSED}",)),
    mx_fails("MX that is none", "not_smtp", ("not as a mail server",), SEE, zone=(f"mail A {SSH}",)),
    mx_fails("MX without STARTTLS", "no_starttls", ("does not offer STARTTLS",), "Turn on TLS",
             zone=(f"mail A {PLAIN}",)),
    case("MX that hangs up", unknown("mx_tls", "smtp_busy", "The MX {m} did not talk", remedy="See its log"),
         zone=(f"mail A {HANGS_UP}",)),
    case("MX address cannot be told", unknown("mx_tls", "servfail", "{m}", remedy="name servers"),
         rules=(("mail", "*", dns_front.SERVFAIL),)),
    case("MX behind a wildcard certificate", passes("mx_tls"),
         mx_certificate=lambda authority, host: issued(name="*." + host.partition(".")[2])(authority, host)),
)

# seen --------------------------------------------------------------------------------------------

SEEN = (
    case("nobody came",
         unknown("seen", "inside_only", "Nothing has come to {h} from outside", remedy="Wait for a sender")),
    case("nobody came over IPv6",
         unknown("seen", "family_unseen", "an AAAA record", "over IPv6", remedy="from another network"),
         served=True, zone=(f"mta-sts A {APPLIANCE}", "mta-sts AAAA {own6}")),
    case("clients refuse", fails("seen", "outside_fails", "The last 2 policy fetches from outside failed", OTHER,
                                 remedy="https and certificate checks"),
         served=True, act=lambda town, domain: town.refuse(domain, "192.0.2.54", OTHER)),
)

# No time server ----------------------------------------------------------------------------------

CLOCKLESS = (
    case("time unknown", unknown("https", "clock_unknown", "time of day is not known", remedy="`time`"),
         unknown("certificate", "clock_unknown", "time of day is not known", remedy="`time`"),
         unknown("mx_tls", "clock_unknown", "time of day is not known", remedy="`time`"),
         unknown("clock", "unset", "", remedy="`time`"), clock=False),
    case("CA unknown", unknown("caa", "busy", "not known yet", remedy="`ca agree`"), zone=caa(OURS), clock=False),
    case("no way to IPv6", fails("https", "unreachable", f"port 443 of {OTHER6}", remedy="stops port 443"),
         fails("port80", "unreachable", OTHER6, remedy="stops port 80"), zone=(f"mta-sts AAAA {OTHER6}",), clock=False),
)

# All is well -------------------------------------------------------------------------------------

GOOD = (
    case("all well", passes("dns"), passes("https"), passes("certificate"), passes("policy_id"), passes("port80"),
         passes("seen"), passes("mx_match"), passes("mx_tls", "Every MX (1)"), passes("tlsrpt"),
         passes("caa", "any CA may issue", code="none"), passes("clock"),
         served=True, every_board=True),
    case("all well over an alias", passes("dns"), passes("https"), passes("certificate"), passes("port80"),
         passes("caa", "CAA records of {d} let this CA issue"), served=True,
         zone=("mta-sts CNAME gw.{d}.", "gw CNAME gw2.{d}.", f"gw2 A {APPLIANCE}",
               *caa(f'0 issue "{IDENTITIES[0]}; accounturi={{account}}"', parent=True))),
)

CASES = (*GOOD, *DNS, *HTTPS, *ENDPOINTS, *CERTIFICATES, *POLICY_IDS, *LIFE, *MX, *TLSRPT, *CAA, *MX_TLS, *SEEN,
         *CLOCKLESS)

# Codes that no case here brings about, and why; the unit tests of the checks do.
MX_ALONE = "smtp_refused tls_failed tls_old mx_timeout port25_blocked"
UNIT_ALONE = {
    ("dns", "own_address_unknown"): "an appliance without an address asks no DNS",
    ("dns", "dns_timeout"): "takes a minute; policy_id has it",
    ("dns", "dns_malformed"): "policy_id has it",
    ("dns", "dns_failed"): "a defect of the resolver's library",
    ("dns", "dns_memory"): "its memory is used up by what other tasks ask at the same time",
    ("dns", "no_hairpin"): "an appliance behind NAT whose public address nobody said",
    **{(check, "busy"): "its own client is taken for 15 seconds"
       for check in ("https", "port80", "mx_match", "mx_tls", "tlsrpt")},
    **{(check, "no_resolver"): "an appliance that knows no resolver has no network either"
       for check in ("dns", "https", "policy_id", "port80", "mx_match", "mx_tls", "tlsrpt", "caa")},
    **{("mx_tls", code): "test_mx_tls.py makes it with a mail server of its own" for code in MX_ALONE.split()},
    ("tlsrpt", "none"): "a domain has a rua from the start",
    ("clock", "stale"): "takes three days",
}
