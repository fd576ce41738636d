"""The demo: sample news, the server that offers it as feeds, and the play that Tocsin makes of it."""
