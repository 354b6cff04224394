"""Templates and what every page needs of them: language, addresses, the headers of a page."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from undersigned.domain.as_of import format_time
from undersigned.domain.letter import TextDocument
from undersigned.language import Language, direction_of, read_languages, read_partial_languages
from undersigned.web.headers import DESK_REFERRER, PAGE, page_csp
from undersigned.web.pages.fallback import mark_fallbacks
from undersigned.web.pages.language import choose_language, wanted_languages
from undersigned.web.reverse_proxy import caddy_lines, nginx_lines
from undersigned.web.static_files import StaticFiles

_MACHINES: Final = ("/api/", "/log/", "/documents/", "/static/")


def wants_page(request: Request) -> bool:
    """Say whether an error is told to a person: outside the addresses that programs use."""
    if request.scope["path"].startswith(_MACHINES):
        return False
    return "text/html" in request.headers.get("accept", "")


class Renderer:
    """Renders pages: one environment for each language, since a template is bound to a catalogue."""

    def __init__(self, static: StaticFiles, *, is_issuer: bool = False) -> None:
        self.static = static
        self._languages = read_languages()
        self._partial = read_partial_languages()
        self._environments = {
            tag: _environment(language, static, is_issuer=is_issuer)
            for tag, language in (self._languages | self._partial).items()
        }

    def language_of(self, request: Request, texts: Iterable[TextDocument] = ()) -> Language:
        """Return the language that the reader wants.

        One whose catalogue is partial is there only where a text is read that is written in it.
        """
        return choose_language(request, self._offered(texts))

    def _offered(self, texts: Iterable[TextDocument]) -> dict[str, Language]:
        read = {text.lang.partition("-")[0] for text in texts}
        return self._languages | {
            tag: language for tag, language in self._partial.items() if tag in read
        }

    def page(
        self,
        request: Request,
        template: str,
        values: dict[str, Any],
        *,
        status: int = 200,
        scripts: Sequence[str] = (),
        forms: bool = False,
        connect: str | None = None,
        texts: Iterable[TextDocument] = (),
        kept: bool = False,
    ) -> HTMLResponse:
        """Return a page in the reader's language, see `language_of` for what `texts` are.

        `scripts` are static files that it runs, `forms` says that it has one that is sent without
        a script; `connect` is another origin that the scripts may send to. A script that was not built
        is left out. `kept` is a page that is the same for all who ask at `variant_of` a request.
        """
        offered = self._offered(texts)
        language = choose_language(request, offered)
        others = [
            (other.tag, other.own_name, _with_lang(request, other.tag))
            for other in offered.values()
            if other is not language
        ]
        built = [name for name in scripts if self.static.has(name)]
        html = (
            self._environments[language.tag]
            .get_template(template)
            .render(
                language=language,
                others=others,
                link=_Links(self._find_asked(request)),
                scripts=[self.static.url_of(name) for name in built],
                **values,
            )
        )
        if not language.is_complete:
            html = mark_fallbacks(html)
        headers = {
            "Cache-Control": PAGE if kept else "no-cache",
            "Content-Language": language.tag,
            "Content-Security-Policy": page_csp(scripts=bool(built), forms=forms, connect=connect),
            "Vary": "Accept-Language" if kept else "Accept, Accept-Language",
        }
        return HTMLResponse(html, status, headers)

    def known_languages(self, accept_language: str) -> tuple[str, ...]:
        """Return which languages of those that a reader wants there are, the dearest first."""
        return tuple(tag for tag in wanted_languages(accept_language) if tag in self._environments)

    def _find_asked(self, request: Request) -> str | None:
        """Return the language that the address names; a page without it leads back to those that have it."""
        asked = request.query_params.get("lang")
        return asked if asked in self._environments else None

    def desk_page(
        self,
        request: Request,
        signed_in: Any,
        template: str,
        values: dict[str, Any],
        *,
        status: int = 200,
        scripts: Sequence[str] = (),
    ) -> HTMLResponse:
        """Return a page of the desk, which nothing keeps; `signed_in` is whose it is, if anybody's.

        `?done=` in its address names what was done just now; the template has the sentence.
        """
        values = {
            "signed_in": signed_in,
            "done": request.query_params.get("done", ""),
            "here": request.scope["path"],
            **values,
        }
        response = self.page(request, template, values, status=status, scripts=scripts, forms=True)
        response.headers["Referrer-Policy"] = DESK_REFERRER
        response.headers["Cache-Control"] = "no-store"
        return response

    def error_page(self, request: Request, status: int) -> HTMLResponse:
        """Return the small page of an error."""
        response = self.page(request, "error.html", {"status": status}, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response


class _Links:
    """Makes the links of a page, which keep the language if the page's own address names it."""

    def __init__(self, lang: str | None) -> None:
        self.lang = lang

    def __call__(self, path: str, **query: str | int | None) -> str:
        """Return the address of a path of ours with a query; what is None or empty is left out."""
        pairs = [(name, value) for name, value in query.items() if value not in (None, "")]
        if self.lang:
            pairs.append(("lang", self.lang))
        return f"{path}?{urlencode(pairs)}" if pairs else path


def _environment(language: Language, static: StaticFiles, *, is_issuer: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("undersigned.web"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        language.translations, newstyle=True
    )
    environment.filters.update(language.filters())
    environment.filters["iso"] = format_time
    environment.filters["written"] = _written
    environment.globals["static"] = static.url_of
    environment.globals["static_digest"] = static.digest_of
    environment.globals["caddy_lines"] = caddy_lines
    environment.globals["nginx_lines"] = nginx_lines
    environment.globals["product"] = "Undersigned"
    environment.globals["is_issuer"] = is_issuer
    return environment


def _written(tag: str) -> Markup:
    """Return the attributes of an element whose words are in a language."""
    return Markup('lang="{}" dir="{}"').format(tag, direction_of(tag))


def _with_lang(request: Request, tag: str) -> str:
    """Return the same address in another language, relative to this one."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"?{urlencode([*query, ('lang', tag)])}"
