"""What every test may ask for: the real lab, a PostgreSQL server, a browser, the shared data."""

pytest_plugins = [
    "fixtures.skips",
    "fixtures.real_parts",
    "fixtures.databases",
    "fixtures.fleets",
    "fixtures.outside",
    "fixtures.plain_users",
    "fixtures.servers",
    "fixtures.road",
    "fixtures.commands",
    "fixtures.consoles",
    "fixtures.shops",
    "fixtures.control_planes",
    "fixtures.control",
    "fixtures.hosts",
]
