"""Programs that use the project, each to be copied from."""
