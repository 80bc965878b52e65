"""The corpus's own writer: records built from format-spec alone, valid and hostile."""
