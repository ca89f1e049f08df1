"""What is measured, against what, in one run. `make bench` runs it, benchmarks/README.md says how to read it."""
