"""Scored results in; what people and their tools read out: captions, annotations, tables, a page, a film."""
