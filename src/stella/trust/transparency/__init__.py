"""What a log proves: Merkle proofs (RFC 6962) and the signed notes that state a log's head (C2SP)."""
