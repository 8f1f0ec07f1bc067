"""Take away what runs in an environment: a deployment of nothing, on the same road to the hosts."""
