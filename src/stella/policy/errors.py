"""Refusals of policies."""

from stella.kernel import Fault, StellaError


class PolicyDoesNotCompile(StellaError):
    """A policy that the engine cannot read, or that breaks on a release of the most ordinary kind."""

    code = "ST-POL-001"


class PolicyNotRepeatable(StellaError):
    """A policy that asks the clock, chance or the network; its verdict could not be replayed."""

    code = "ST-POL-002"


class PolicyTooLarge(StellaError):
    """A policy beyond the bounds: too long, or nested deeper than the engine reads safely."""

    code = "ST-POL-003"


class PolicySaysNothing(StellaError):
    """A policy without the rule ``results``, or whose results are not of the shape that is read."""

    code = "ST-POL-004"


class MalformedBundle(StellaError):
    """A document that should be a policy bundle is not."""

    code = "ST-POL-005"


class MalformedPolicyInput(StellaError):
    """What a policy is to be asked about is not a JSON object."""

    code = "ST-POL-006"


class PolicyTakesTooLong(StellaError):
    """A policy that is not done with a small release after seconds, or takes all memory for it."""

    code = "ST-POL-008"


class UnknownPolicy(StellaError):
    """There is no policy pack of that name."""

    code = "ST-POL-007"
    fault = Fault.NOT_FOUND


class MalformedPlainPolicy(StellaError):
    """A policy in plain YAML with an unknown key, an impossible value or a rule without a condition."""

    code = "ST-POL-009"


class PolicyNeedsUnknown(StellaError):
    """A policy whose set ``needs`` holds a word that nothing can be told by."""

    code = "ST-POL-010"
