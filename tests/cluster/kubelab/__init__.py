"""A real Kubernetes for tests, in a network namespace of its own. `../README.md` says how to use it."""
