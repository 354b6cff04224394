"""Fetching a site into a folder, for a verifier that works offline; `docs/formats.md` §11."""

from undersigned.mirror.copying import MirrorSummary, mirror_site

__all__ = ["MirrorSummary", "mirror_site"]
