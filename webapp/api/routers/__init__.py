"""The operations of the API, each one call into the services."""
