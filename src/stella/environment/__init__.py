"""Where can it go? Environments, targets, freeze windows, configuration."""
