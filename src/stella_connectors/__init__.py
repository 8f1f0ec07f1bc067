"""First-party plugins, one folder each. They import stella.sdk only, like a stranger's."""
