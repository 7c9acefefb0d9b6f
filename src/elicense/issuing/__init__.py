"""The way back: licence → page → PDF or OFD → seal. Writers only; nothing here judges."""
