"""What a sheet of paper says, read from its picture (OCR), beside what its QR code says.

An extra: ``pip install 'elicense[ocr]'``. Reading errs; nothing here judges.
"""
