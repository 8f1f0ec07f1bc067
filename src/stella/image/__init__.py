"""What is it? Reference -> digest, manifest, layers, attestations attached to it."""
