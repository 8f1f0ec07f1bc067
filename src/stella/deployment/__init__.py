"""How does it get there? Plan, generated artifacts, rollout, undo."""
