"""What the API shows and takes: camelCase JSON."""
