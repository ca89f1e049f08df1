"""A stand-in for billing-orders (SPEC section 8): durable, idempotent, strict about payloads, and able to misbehave.

It shares no code with our adapter, so that a mistake in one of them shows in the other.
"""
