"""The bus: connecting, reporting, asking, following JetStream streams, and the embedded nats-server."""
