"""Owns nothing any more: app/core/cid.py has the content addresses (this name goes when nobody uses it)."""

from app.core.cid import CHUNK as CHUNK
from app.core.cid import LINKS as LINKS
from app.core.cid import CidHasher as CidHasher
from app.core.cid import cid_of as cid_of
from app.core.cid import cid_text as cid_text
from app.core.cid import raw_cid as raw_cid
from app.core.cid import require_cid as require_cid
