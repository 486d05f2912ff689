"""National and provincial platforms: the shapes of records they take, and how each is spoken to.

What is known of the shapes comes from programs that report to these platforms, not from official documents; no
platform has been spoken to with them.
"""

from headwater.support.platforms import nrii, shanghai, zhejiang
from headwater.support.platforms.base import Platform

PLATFORMS: dict[str, Platform] = {one.code: one for one in (nrii.PLATFORM, shanghai.PLATFORM, zhejiang.PLATFORM)}

__all__ = ["PLATFORMS", "Platform"]
