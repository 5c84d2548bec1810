"""The pages an operator and Prometheus read."""
