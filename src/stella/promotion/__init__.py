"""Who let it go? Requests, gates, approvals, decisions."""
