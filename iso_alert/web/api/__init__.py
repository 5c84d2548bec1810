"""The contact centre's API: one table of operations, from which routing, validation and its OpenAPI document come."""
