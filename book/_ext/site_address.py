"""What needs to know where the book stands on the web: canonical links, sitemap, social cards, launch buttons; moved pages.

Nothing of it is guessed. ``MIRAGE_SITE`` is the address of the site, ``MIRAGE_REPOSITORY`` that of the
repository; on GitHub's runners both follow from ``GITHUB_REPOSITORY``. Where they are not known the book is built
without what depends on them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError


def addresses(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Address of the site, ending in a slash, and of the repository; empty where not known.

    Raises
    ------
    ConfigError
        If one is given that is no https address.
    """
    site, repository = environ.get("MIRAGE_SITE", ""), environ.get("MIRAGE_REPOSITORY", "")
    given = environ.get("GITHUB_REPOSITORY", "")
    if given:
        owner, _, name = given.partition("/")
        repository = repository or f"https://github.com/{given}"
        own = name.lower() == f"{owner.lower()}.github.io"
        site = site or f"https://{owner.lower()}.github.io/{'' if own else name + '/'}"
    for field, value in (("MIRAGE_SITE", site), ("MIRAGE_REPOSITORY", repository)):
        parts = urlsplit(value)
        if value and (parts.scheme != "https" or not parts.netloc):
            raise ConfigError(f"{field} = {value!r}: expected an address that begins with https://")
    return site and site.rstrip("/") + "/", repository.rstrip("/")


def launch_links(repository: str, docname: str) -> dict[str, str]:
    """Words and address of the places where a chapter runs without an installation."""
    if not repository.startswith("https://github.com/"):
        return {}
    owner = repository.removeprefix("https://github.com/")
    name = docname.rpartition("/")[2]
    return {
        "Open in Colab": f"https://colab.research.google.com/github/{owner}/blob/colab/{name}.ipynb",
        "Open in Binder": f"https://mybinder.org/v2/gh/{owner}/main?urlpath=lab/tree/lab/{name}.ipynb",
    }


def configure(app: Sphinx, config: Config) -> None:
    """Hand the addresses to the theme and to the extensions that need them."""
    moved = config.html_context.setdefault("moved", {})
    config.html_additional_pages |= dict.fromkeys(["index", *moved], "moved.html")
    site, repository = addresses()
    if site:
        config.html_baseurl = site
        config.ogp_site_url = site
        config.sitemap_url_scheme = "{link}"
        config.sitemap_excludes = [f"{name}.html" for name in ("index", *moved)]
        config.notfound_urls_prefix = urlsplit(site).path
    if repository:
        config.html_theme_options |= {
            "repository_url": repository, "use_repository_button": True, "use_issues_button": True,
            "path_to_docs": ".", "repository_branch": "main",
        }  # fmt: skip


def leave_out_what_leads_nowhere(app: Sphinx, env: BuildEnvironment) -> None:
    """A book of fewer pages has no addresses of those it lacks."""
    for name, target in app.config.html_context["moved"].items():
        if target not in env.found_docs:
            app.config.html_additional_pages.pop(name, None)
