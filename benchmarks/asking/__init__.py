"""What people ask about: one park, one device."""
