"""What a session sees, hears and says in; files of it out, only where and while their owner asked for it."""
