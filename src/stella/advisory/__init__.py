"""What is known to be bad? Feeds -> frozen snapshots."""
