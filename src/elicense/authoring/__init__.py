"""Making licence types of one's own: a first file, samples of it, and looking it over.

``elicense profiles new`` and ``elicense profiles check`` are made of it.
"""
