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
const DISGUISED = /[\u{10e000}-\u{10e07f}]/gu;

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
    (each) => String.fromCodePoint(DISGUISE + each.charCodeAt(0)),
  );
  return operator ? operator + hidden : `"${hidden}"`;
}

/** The same value, wherever text is in it, with the true characters. */
export function reveal<T>(value: T): T {
  if (typeof value === "string") {
    return value.replace(
      DISGUISED,
      (each) => String.fromCharCode(each.codePointAt(0)! - DISGUISE),
    ) as T;
  }
  if (Array.isArray(value)) return value.map(reveal) as T;
  if (value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]) => [key, reveal(each)]),
  ) as T;
}
