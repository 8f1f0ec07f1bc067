"""How does it reach the outside? Integrations, their credentials by reference, and what is allowed."""
