"""Sound in, words out: where speech is, what was said, when each word was said, and what is not to be believed."""
