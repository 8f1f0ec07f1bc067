"""Who keeps lists of packages, and how each list is read: one module for each kind of list."""
