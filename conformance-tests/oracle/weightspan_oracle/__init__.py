"""A second reader of the Weightspan container, written from format-spec alone. Shares no code with the Java codec."""
