"""What others need to show a letter in their pages as they like: its words and numbers."""

from fastapi import APIRouter, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.glance import make_glance
from undersigned.web.api.embed_models import EmbedAnswer, EmbedWords
from undersigned.web.api.letters import counts_of
from undersigned.web.door import AtDoor
from undersigned.web.headers import EMBED_DATA
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of

router = APIRouter(tags=["letters"])


@router.get("/letters/{slug}/embed")
def get_embed(request: Request, door: AtDoor, slug: str, response: Response) -> EmbedAnswer:
    """Tell what an embedded letter shows, in words of the language that `lang` or the browser asks for."""
    response.headers["Cache-Control"] = EMBED_DATA
    response.headers["Vary"] = "Accept-Language"
    tag = renderer_of(request).language_of(request).tag
    page = reading.get_page(door.running.site, door.running.letters, slug)
    glance = make_glance(page, choose_text(page.texts, None, tag), tag)
    return EmbedAnswer(
        name=glance.name,
        lang=glance.lang,
        title=glance.text.title,
        title_lang=glance.text.lang,
        rule=page.letter.rule,
        state=page.stage.state.value,
        counts=counts_of(page.numbers),
        words=EmbedWords(**{name: glance.words[name] for name in EmbedWords.model_fields}),
    )
