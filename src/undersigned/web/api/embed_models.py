"""The JSON objects of a letter that is shown within the pages of others."""

from typing import Literal

from pydantic import Field

from undersigned.web.api.models import Answer, CountsAnswer


class EmbedWords(Answer):
    """What an embedded letter says, in one language of the interface."""

    eyebrow: str
    figure: str
    part: str
    waiting: str = Field(description="empty if nobody waits")
    state: str
    action: str
    as_of: str
    checkable: str


class EmbedAnswer(Answer):
    """What is shown of a letter within the pages of others."""

    name: str = Field(description="slug@edition")
    lang: str = Field(description="of the words")
    title: str
    title_lang: str
    rule: int
    state: str
    counts: CountsAnswer
    words: EmbedWords


class OembedAnswer(Answer):
    """How a letter is embedded (oEmbed 1.0, type `rich`)."""

    type: Literal["rich"]
    version: Literal["1.0"]
    title: str
    provider_name: str
    provider_url: str
    cache_age: int = Field(description="seconds")
    width: int = Field(description="pixels, at most `maxwidth`")
    height: int = Field(description="pixels, at most `maxheight`")
    html: str = Field(description="an iframe without rights")
    thumbnail_url: str
    thumbnail_width: int
    thumbnail_height: int
