"""The pages that people read: rendered here, whole without a script, in English and Indonesian."""
