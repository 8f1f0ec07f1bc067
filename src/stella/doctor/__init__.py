"""What is wrong with this server, and what to do about it?"""

from stella.doctor.checks import CHECKS, examine
from stella.doctor.model import AgentSeen, Check, Patient

__all__ = ["CHECKS", "AgentSeen", "Check", "Patient", "examine"]
