"""Payouts that are stored already, for cases that ask for them."""
