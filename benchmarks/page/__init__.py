"""What the Payouts page costs its server."""
