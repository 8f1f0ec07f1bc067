"""HTTP: a request becomes one use case, its result or refusal the answer."""
