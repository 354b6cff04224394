"""Templates of words below the pages, those of mails and of PDFs, in each language of the catalogues."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.environment import TemplateModule

SOURCE_LANGUAGE: Final = "en"


def make_environments(folder: str) -> dict[str, "Environment"]:
    """Return an environment for the templates in a folder of `app` for each language, the source's first."""
    # Only whoever writes mails and PDFs needs them: `undersigned --help` does not.
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    from undersigned.language import read_languages

    environments = {}
    for tag, language in read_languages().items():
        environment = Environment(
            loader=PackageLoader("undersigned.app", folder),
            extensions=["jinja2.ext.i18n"],
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            lstrip_blocks=True,
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            language.translations, newstyle=True
        )
        environment.filters.update(language.filters())
        environments[tag] = environment
    return environments


def read_words(module: "TemplateModule") -> dict[str, str]:
    """Return what a template of words has set, each a line, by name."""
    return {
        name: " ".join(str(value).split())
        for name, value in vars(module).items()
        if not name.startswith("_")
    }
