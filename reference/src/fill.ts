/** Generated parts of pages that are otherwise written by hand. */

const PART = /(<!-- generated: (\S+) -->\n).*?(<!-- end -->)/gs;

/**
 * Puts each text between its marks, `<!-- generated: NAME -->` and `<!-- end -->`. Throws for a mark without a text,
 * and for a text without a mark; a name marks one place.
 */
export function fill(page: string, texts: ReadonlyMap<string, string>): string {
  const names = marksIn(page);
  const unknown = names.find((name) => !texts.has(name));
  if (unknown !== undefined) throw new Error(`the page has a mark ${unknown}, for which there is no text`);
  const missing = [...texts.keys()].find((name) => !names.includes(name));
  if (missing !== undefined) throw new Error(`the page has no mark ${missing}: add a section for it`);
  if (new Set(names).size < names.length) throw new Error('the page has one mark twice');
  return page.replaceAll(PART, (_, begin: string, name: string, end: string) => {
    return `${begin}\n${texts.get(name) ?? ''}\n\n${end}`;
  });
}

/** Names of the marks, in the order of the page. */
export function marksIn(page: string): string[] {
  return [...page.matchAll(PART)].map(([, , name = '']) => name);
}
