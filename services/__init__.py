"""Start here: how a fact travels.

1. A fact arrives: `commands.door` (request/reply) or `commands.inbox` (durable).
2. `commands.receive` reads it, `commands.decide` accepts or refuses it, `commands.writer` appends it to the log.
3. `projections` reads the log, keeps the read models and answers every query.
4. `commands.relay` publishes the log to the JetStream stream EV.
5. `compiler` takes CompileRequested from EV and builds the training set at a provider.
6. Its outcome facts go the same way; ActiveVersionChanged is decided beside CompilationSucceeded.
7. `chat` takes messages and active versions from EV and answers with the version that is active.

docs/architecture.md names every part's door; contracts/facts is the glossary.
"""
