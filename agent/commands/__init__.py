"""What each command of the command line does, a module each; each returns its exit code."""
