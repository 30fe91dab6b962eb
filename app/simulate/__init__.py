"""The telephone's side: clients that play recorded calls to a server as an exchange would."""
