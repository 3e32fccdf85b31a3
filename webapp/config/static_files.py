"""Static files whose names carry a hash of their content, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_MODULES = "glimpse/*.js"
IMPORTS = (
    (r"""(?P<matched>import\s*["'](?P<url>\./[^"']+)["'];)""", 'import "%(url)s";'),
    (r"""(?P<matched>from\s*["'](?P<url>\./[^"']+)["'];)""", 'from "%(url)s";'),
)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Name files by their content, and let our script modules import each other by those names."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, (OUR_MODULES, IMPORTS))
