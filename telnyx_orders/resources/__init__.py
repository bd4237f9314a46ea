"""The endpoints of the API, a file a resource."""
