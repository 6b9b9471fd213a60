"""Several databases: the binds of one application, the schemas of its tenants, a fleet."""
