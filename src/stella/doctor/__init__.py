"""What is wrong with this server, and what to do about it?"""

from stella.doctor.examine import examine, mend
from stella.doctor.model import Area, Check, Finding, Mended

__all__ = ["Area", "Check", "Finding", "Mended", "examine", "mend"]
