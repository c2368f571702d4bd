"""A small certificate authority of the world's own, for the HTTPS of the CA's directory."""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

PADDING = ObjectIdentifier("1.3.6.1.4.1.32473.1")
DAY = datetime.timedelta(days=1)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def cert_pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def general_names(names):
    found = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


class Authority:
    """A root or an intermediate that signs certificates."""

    def __init__(self, name="Sealpost test world root", issuer=None, padding=0):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.issuer = issuer
        signer = issuer or self
        builder = self._builder(self.name, self.key.public_key(), signer)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_signing_usage(), critical=True)
        self.certificate = self._finish(builder, signer, padding)

    @staticmethod
    def _builder(subject, public_key, signer, since=None, until=None):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(signer.name)
        builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(since or now - DAY).not_valid_after(until or now + 30 * DAY)
        own = x509.SubjectKeyIdentifier.from_public_key(public_key)
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
        return builder.add_extension(own, critical=False).add_extension(theirs, critical=False)

    @staticmethod
    def _finish(builder, signer, padding):
        if padding:
            filler = x509.UnrecognizedExtension(PADDING, b"\x04\x82" + padding.to_bytes(2, "big") + bytes(padding))
            builder = builder.add_extension(filler, critical=False)
        return builder.sign(signer.key, hashes.SHA256())

    def issue(self, names, padding=0, since=None, until=None, alternative=True, purpose=None):
        """A server certificate for these DNS names and addresses, valid since and until these moments (UTC, without
        a zone; by default a month from yesterday on): (certificate, key). alternative=False: the first name stands in
        the subject alone, as before RFC 2818; purpose: the only one it is for, of x509's ExtendedKeyUsageOID."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = self._builder(subject, key.public_key(), self, since, until)
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName(general_names(names)), critical=False)
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        return self._finish(builder, self, padding), key

    def pem(self):
        return cert_pem(self.certificate)


def _signing_usage():
    return x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                         encipher_only=False, decipher_only=False)


def self_signed(names):
    """A certificate that nobody but its own key vouches for, as servers make it at their installation: the chain
    and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.utcnow()
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - DAY)
    builder = builder.not_valid_after(now + 3650 * DAY)
    builder = builder.add_extension(x509.SubjectAlternativeName(general_names(names)), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return [builder.sign(key, hashes.SHA256())], key


def write_pair(directory, stem, certificates, key):
    """Writes a chain and its key as PEM files and returns their paths."""
    chain, secret = directory / f"{stem}.crt", directory / f"{stem}.key"
    chain.write_text("".join(cert_pem(certificate) for certificate in certificates))
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key_pem(key))
    return chain, secret
