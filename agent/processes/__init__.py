"""The processes of a session: what each does, how they talk to each other, and who watches over them."""
