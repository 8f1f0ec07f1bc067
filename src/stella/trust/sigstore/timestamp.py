"""Time stamps (RFC 3161) of trusted clocks."""

from datetime import UTC, datetime

from stella.trust.errors import UnprovenTime
from stella.trust.sigstore.certificate import wrong_time
from stella.trust.sigstore.root import SigstoreRoot, TrustedChain, part_missing


def stamped_at(token: bytes, signature: bytes, root: SigstoreRoot) -> datetime:
    """When a trusted clock saw ``signature``. token: a time stamp response, DER.

    Raises UnprovenTime; SigstorePartMissing where time stamps cannot be read here.
    """
    try:
        from rfc3161_client import decode_timestamp_response
    except ModuleNotFoundError:
        raise part_missing("the reading of time stamps") from None
    try:
        response = decode_timestamp_response(token)
        at = response.tst_info.gen_time
    except ValueError as error:
        raise wrong_time("a time stamp that is none") from error
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    why = wrong_time("no clock that is trusted made the time stamp")
    for clock in root.clocks:
        try:
            _check(response, signature, clock)
        except UnprovenTime as error:
            why = error
            continue
        if not clock.lasting.holds(at):
            why = wrong_time("the time stamp's clock was not trusted at that time")
            continue
        return at
    raise why


def _check(response: object, signature: bytes, clock: TrustedChain) -> None:
    from rfc3161_client import VerificationError, VerifierBuilder

    own, *rest = clock.certificates
    if rest:
        builder = VerifierBuilder(tsa_certificate=own, intermediates=rest[:-1], roots=rest[-1:])
    else:
        builder = VerifierBuilder(tsa_certificate=own, roots=[own])
    try:
        builder.build().verify_message(response, signature)  # type: ignore[arg-type]
    except (VerificationError, ValueError) as error:
        raise wrong_time(f"a time stamp that does not hold: {error}") from error
