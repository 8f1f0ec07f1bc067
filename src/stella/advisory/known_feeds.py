"""The feeds that have a name here: where their publishers put them. ``--mirror`` puts another place."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_OSV = "https://osv-vulnerabilities.storage.googleapis.com"
_GITHUB = "https://codeload.github.com"


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """documents: name in the feed -> path below ``endpoint``. about: a few words.

    is_csaf: the endpoint is a directory of a CSAF provider.
    """

    endpoint: str
    documents: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    is_csaf: bool = False


def _osv(ecosystem: str, about: str) -> KnownFeed:
    return KnownFeed(_OSV, {"all.zip": f"{ecosystem}/all.zip"}, about)


def _github(repository: str, about: str) -> KnownFeed:
    path = f"{repository}/tar.gz/HEAD"
    return KnownFeed(_GITHUB, {f"{repository.partition('/')[2]}.tar.gz": path}, about)


_ALPINE = ("v3.18", "v3.19", "v3.20", "v3.21", "v3.22", "edge")

_NVD_YEARS = range(2002, 2027)

KNOWN_FEEDS: Mapping[str, KnownFeed] = {
    "almalinux": _osv("AlmaLinux", "AlmaLinux, OSV"),
    "alpine": KnownFeed(
        "https://secdb.alpinelinux.org",
        {
            f"{release}/{name}.json": f"{release}/{name}.json"
            for release in _ALPINE
            for name in ("main", "community")
        },
        "Alpine, secdb",
    ),
    "bitnami": _osv("Bitnami", "Bitnami, OSV"),
    "debian": KnownFeed(
        "https://security-tracker.debian.org",
        {"tracker.json": "tracker/data/json"},
        "Debian, security tracker",
    ),
    "epss": KnownFeed(
        "https://epss.empiricalsecurity.com",
        {"epss_scores-current.csv.gz": "epss_scores-current.csv.gz"},
        "EPSS, likelihood of exploitation",
    ),
    "friendsofphp": _github("FriendsOfPHP/security-advisories", "FriendsOfPHP, YAML"),
    "go": _osv("Go", "Go, OSV"),
    "kev": KnownFeed(
        "https://www.cisa.gov",
        {"kev.json": "sites/default/files/feeds/known_exploited_vulnerabilities.json"},
        "CISA, known exploited vulnerabilities",
    ),
    "maven": _osv("Maven", "Maven, of GHSA, OSV"),
    "node": _github("nodejs/security-wg", "Node Security WG"),
    "npm": _osv("npm", "npm, of GHSA, OSV"),
    "nuget": _osv("NuGet", "NuGet, of GHSA, OSV"),
    "nvd": KnownFeed(
        "https://nvd.nist.gov",
        {
            f"nvdcve-2.0-{part}.json.gz": f"feeds/json/cve/2.0/nvdcve-2.0-{part}.json.gz"
            for part in (*map(str, _NVD_YEARS), "modified")
        },
        "NVD, JSON 2.0",
    ),
    "packagist": _osv("Packagist", "Packagist, of GHSA, OSV"),
    "pypa": _osv("PyPI", "PyPA and GHSA, OSV"),
    "redhat": _osv("Red%20Hat", "Red Hat, OSV"),
    "redhat-csaf": KnownFeed(
        "https://security.access.redhat.com/data/csaf/v2/vex",
        about="Red Hat, CSAF VEX, one document for each vulnerability",
        is_csaf=True,
    ),
    "retire": _github("RetireJS/retire.js", "Retire.js"),
    "rocky": _osv("Rocky%20Linux", "Rocky Linux, OSV"),
    "rubygems": _osv("RubyGems", "RubyGems, of GHSA, OSV"),
    "rubysec": _github("rubysec/ruby-advisory-db", "RubySec, YAML"),
    "rustsec": _osv("crates.io", "RustSec, OSV"),
    "ubuntu": _osv("Ubuntu", "Ubuntu, OSV"),
    "wolfi": _osv("Wolfi", "Wolfi, OSV"),
}
