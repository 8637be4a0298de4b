"""The certificate: how often the probes are right, measured on material that neither they nor their tables saw."""
