"""A script in, a filmed performance out: a drawn face and a synthetic voice whose delivery and timing are known."""
