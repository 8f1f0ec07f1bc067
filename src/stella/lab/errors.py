"""What the lab refuses, and what to do then."""

from stella.kernel import Fault, StellaError


class LabUnavailable(StellaError):
    """The machine lacks something the lab needs: root, a program, or a right."""

    code = "ST-LAB-001"
    fault = Fault.UNAVAILABLE


class PartDidNotStart(StellaError):
    """A registry, containerd or Docker Engine ended early or never answered."""

    code = "ST-LAB-002"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class CommandFailed(StellaError):
    """A program that the lab ran ended with an error."""

    code = "ST-LAB-003"
    fault = Fault.FAILED


class BlobNotStored(StellaError):
    """The registry's storage holds no blob of that digest."""

    code = "ST-LAB-004"
    fault = Fault.NOT_FOUND


class LabRootInUse(StellaError):
    """Another running lab holds this directory, or the directory is not a lab's."""

    code = "ST-LAB-005"
    fault = Fault.CONFLICT


class NoFreeSubnet(StellaError):
    """Every network that the lab may use is taken on this machine."""

    code = "ST-LAB-006"
    fault = Fault.UNAVAILABLE


class LeftBehind(StellaError):
    """Something of the lab could not be removed."""

    code = "ST-LAB-007"
    fault = Fault.FAILED
    retry_may_help = True


class PackagesNotFetched(StellaError):
    """The Python packages of a demo image could not be fetched or have another hash."""

    code = "ST-LAB-008"
    fault = Fault.UNAVAILABLE
    retry_may_help = True
