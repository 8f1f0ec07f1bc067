"""The running server: settings, wiring, flows, migrations. The only place that picks implementations."""
