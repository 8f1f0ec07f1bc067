"""Where an environment asks for it: who approves has proven a moment ago who they are."""

from stella.environment.model import Environment
from stella.identity.model import Proof
from stella.kernel import Remedy, time_text
from stella.promotion.errors import ReauthenticationNeeded
from stella.promotion.gates.speaking import is_recent
from stella.promotion.model import Person
from stella.record.transaction import Tx


def recent_proof(tx: Tx, environment: Environment, person: Person, proof: Proof) -> str | None:
    """When this person proved who they are, as the environment asks; None where it does not ask.

    Raises ReauthenticationNeeded.
    """
    minutes = environment.reauthenticate_minutes
    if minutes is None:
        return None
    at = _proven_at(tx, proof)
    if at is not None and is_recent(at, time_text(tx.now), minutes):
        return at
    how, remedy = "a token, a machine or a button of a chat cannot", _LOG_IN
    if proof.is_session:
        did = "never did in this session" if proof.at is None else f"did so at {proof.at}"
        how, remedy = f"{person.name} {did}", _AGAIN
    raise ReauthenticationNeeded(
        f"who approves anything for {environment.name} proves within {minutes} min before who they "
        f"are; {how}",
        remedy=remedy,
        environment=environment.name,
        minutes=minutes,
        provenAt=proof.at,
        possibleHere=proof.is_session,
    )


def needs_proof(tx: Tx, environment: Environment, proof: Proof) -> bool:
    """Whether who speaks now has to prove first who they are."""
    minutes, at = environment.reauthenticate_minutes, _proven_at(tx, proof)
    return minutes is not None and not (at and is_recent(at, time_text(tx.now), minutes))


def _proven_at(tx: Tx, proof: Proof) -> str | None:
    """Another server's clock may be ahead of ours: nobody proved anything after now."""
    if proof.at is None or not proof.is_session:
        return None
    return min(proof.at, time_text(tx.now))


_AGAIN = Remedy("Prove it anew, and ask again.", command="stella reauthenticate")
_LOG_IN = Remedy("Log in as yourself, and ask again.", command="stella login")
