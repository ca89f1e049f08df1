"""Pays taxi fleets for the SignalQ cameras they provide: exactly once, to the kopeck."""

__version__ = "0.1.0"
