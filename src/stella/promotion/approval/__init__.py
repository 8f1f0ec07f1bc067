"""Approving: who may speak, who stands in, and the vote itself."""
