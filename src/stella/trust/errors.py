"""Refusals of keys, signatures and statements."""

from stella.kernel import Fault, StellaError


class UnusableKey(StellaError):
    """A key file is missing, readable by others, or of a kind that is not supported."""

    code = "ST-TRU-001"


class KeyExists(StellaError):
    """A key of that name is there already; keys are never overwritten."""

    code = "ST-TRU-002"
    fault = Fault.CONFLICT


class BadSignature(StellaError):
    """Bytes that should be signed by a trusted key are not."""

    code = "ST-TRU-003"
    fault = Fault.FAILED


class MalformedEnvelope(StellaError):
    """A DSSE envelope, statement or bundle cannot be read as one."""

    code = "ST-TRU-004"


class WrongStatement(StellaError):
    """A good signature under a statement about something else."""

    code = "ST-TRU-005"
    fault = Fault.FAILED


class BadRequestSignature(StellaError):
    """A request is not signed by the identity it names, is too old, or was seen before."""

    code = "ST-TRU-006"
    fault = Fault.NOT_AUTHENTICATED


class BadCertificate(StellaError):
    """A certificate or certificate request cannot be used."""

    code = "ST-TRU-007"
    fault = Fault.NOT_AUTHENTICATED


class BrokenEnvelope(StellaError):
    """An encrypted secret that its key does not open: changed, moved, or its key is gone."""

    code = "ST-TRU-008"
    fault = Fault.FAILED


class UntrustedSigner(StellaError):
    """Signed by somebody else than asked for: another identity, or a certificate of a stranger."""

    code = "ST-TRU-009"
    fault = Fault.FAILED


class UnprovenEntry(StellaError):
    """A log does not prove what was said of it: its proof, its checkpoint or its entry does not hold."""

    code = "ST-TRU-010"
    fault = Fault.FAILED


class UnprovenTime(StellaError):
    """No trusted clock says when it was signed, or says a time at which it was not valid."""

    code = "ST-TRU-011"
    fault = Fault.FAILED


class UnusableRoot(StellaError):
    """A trusted root cannot be read, or holds what cannot be used."""

    code = "ST-TRU-012"


class SigstorePartMissing(StellaError):
    """What was asked for needs the part of the program for Sigstore's public services."""

    code = "ST-TRU-013"
    fault = Fault.UNAVAILABLE
