"""The ways of releases through environments: phases in order, or side by side, as documents."""
