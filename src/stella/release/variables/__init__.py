"""What deployments are configured with: named values, where they count, and which of them wins."""
