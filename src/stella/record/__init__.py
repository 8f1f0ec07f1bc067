"""Facts: stored with the value in one transaction, chained by hash, proven later."""
