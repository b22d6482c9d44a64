"""The bus: NATS connections, JetStream streams, followers, permissions, the embedded server."""
