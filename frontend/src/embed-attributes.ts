/** What the attributes of `<undersigned-letter>` say, whatever is written there. */

const THEMES = ["auto", "light", "dark"];
const PARTS = ["title", "count", "bar", "button"] as const;
const LETTER = /^\/letters\/([a-z0-9][a-z0-9-]{0,63}(?:@[1-9][0-9]{0,5})?)$/;
const LANGUAGE = /^[A-Za-z]{2,3}$/;

export type Part = (typeof PARTS)[number];

/** The addresses of a letter: its page, and what is to be asked. */
interface Addresses {
  readonly page: string;
  readonly data: string;
}

/** Return the addresses for what `src` and `lang` say; null unless `src` is that of a letter, by http. */
export function addressesOf(src: string | null, lang: string | null): Addresses | null {
  if (src === null || !URL.canParse(src)) return null;
  const { protocol, origin, pathname, username, password } = new URL(src);
  const name = LETTER.exec(pathname)?.[1];
  const isHttp = protocol === "https:" || protocol === "http:";
  if (!isHttp || name === undefined || username !== "" || password !== "") return null;
  const query = lang !== null && LANGUAGE.test(lang) ? `?lang=${lang.toLowerCase()}` : "";
  return {
    page: `${origin}/letters/${name}${query}`,
    data: `${origin}/api/v1/letters/${name}/embed${query}`,
  };
}

/** Return the parts that `show` names; all of them if it names none. */
export function partsOf(show: string | null): readonly Part[] {
  const named = (show ?? "").split(",").map((word) => word.trim());
  const parts = PARTS.filter((part) => named.includes(part));
  return parts.length > 0 ? parts : PARTS;
}

/** Return the theme that is named; the reader's own if there is none of that name. */
export function themeOf(theme: string | null): string {
  return THEMES.find((each) => each === theme) ?? "auto";
}
