/**
 * Quoted values in logic trees, `or=(name.ilike."%a,b%")`. Lite keeps the quotes as part of a
 * pattern and takes an escaped quote for the closing one. So before lite reads a tree, the
 * characters that mean something to it are disguised as private ones; the tree it has made of the
 * text gets the true characters back.
 */
const DISGUISE = 0x10e000;
const TREE = /(^|\.)(not\.)?(or|and)$/;
const QUOTED = /((?:\b(?:not\.)?i?like\.)?)"((?:[^"\\]|\\.)*)"(?!\s*[.:-])/gs;
const SPECIAL = /[\s!-/:-@[-`{-~]/g;
const DISGUISED = /[\u{10e000}-\u{10e0ff}]/gu;
// Lite splits at any white space, so what lies beyond ASCII is disguised by its place in this list.
const WIDE_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009" +
  "\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

export function disguiseQuoted(url: string): string {
  const disguised = new URL(url);
  for (const [name, tree] of new URL(url).searchParams) {
    if (TREE.test(name) && tree.includes('"')) {
      disguised.searchParams.delete(name, tree);
      disguised.searchParams.append(name, tree.replace(QUOTED, disguise));
    }
  }
  return disguised.href;
}

function disguise(_quoted: string, operator: string, content: string): string {
  const text = content.replace(/\\(.)/gs, "$1");
  // PostgREST reads `*` as `%` in a pattern, also within quotes.
  const plain = operator ? text.replaceAll("*", "%") : text;
  const hidden = plain.replace(
    SPECIAL,
    (each) => String.fromCodePoint(DISGUISE + placeOf(each.charCodeAt(0))),
  );
  return operator ? operator + hidden : `"${hidden}"`;
}

function placeOf(code: number): number {
  return code < 0x80 ? code : 0x80 + WIDE_SPACES.indexOf(String.fromCharCode(code));
}

function characterAt(place: number): string {
  return place < 0x80 ? String.fromCharCode(place) : WIDE_SPACES[place - 0x80];
}

/** The same value, wherever text is in it, with the true characters. */
export function reveal<T>(value: T): T {
  if (typeof value === "string") {
    return value.replace(
      DISGUISED,
      (each) => characterAt(each.codePointAt(0)! - DISGUISE),
    ) as T;
  }
  if (Array.isArray(value)) return value.map(reveal) as T;
  if (value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]) => [key, reveal(each)]),
  ) as T;
}
