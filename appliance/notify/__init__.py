"""The ways out: a message goes to a mail server, a webhook or a service that Apprise knows."""
