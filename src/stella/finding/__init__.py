"""What is wrong in it? Components x advisories x VEX, with the why."""
