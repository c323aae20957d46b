/** A word or a phrase that texts of this project do not use. */
interface BannedWord {
  readonly pattern: RegExp;
  /** What to write in its place. */
  readonly instead: string;
}

/** A banned word in a text. */
export interface Fault {
  /** From 1 on. */
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

/** Terms that have a better one. */
export const TERMS: readonly BannedWord[] = [
  { pattern: /\btoolkits?\b/i, instead: 'package' },
  { pattern: /\bstrong locks?\b/i, instead: 'exclusive lock, or ACCESS EXCLUSIVE' },
  { pattern: /\bsays? so\b/i, instead: 'the message itself' },
  { pattern: /\bgoes? home\b/i, instead: 'exits' },
  { pattern: /\bswings?\b/i, instead: 'switches, or migrates up and down' },
];

/** Words of clipped English. SQL has its own `where`, so code is left out before. */
export const CLIPPED: readonly BannedWord[] = [
  { pattern: /\bwhere\b/i, instead: '"if" or "when" for a condition, "in which" for a place' },
  // "What to do" is a label, not a clause.
  { pattern: /\bwhat\b(?! to do)/i, instead: 'the noun itself: "the locked rows"' },
  { pattern: /\b(?:no )?such\b(?! as)/i, instead: 'the name of the thing' },
  { pattern: /\bone after the other\b/i, instead: '"one by one" or "in sequence"' },
];

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g;
/** An indented line of a docstring, which is SQL or TypeScript. */
const CODE_LINE = /^\s*\*? {4,}.*$/gm;
const FENCE = /^```[\s\S]*?^```$/gm;
const INLINE_CODE = /`[^`]*`/g;

/** The comments of a TypeScript file, with everything else as blank lines. */
export function commentsOf(source: string): string {
  let text = '';
  let end = 0;
  for (const { 0: comment, index } of source.matchAll(COMMENT)) {
    text += blank(source.slice(end, index)) + comment.replaceAll(CODE_LINE, blank);
    end = index + comment.length;
  }
  return withoutInlineCode(text);
}

/** The prose of a Markdown page, with blank lines in place of code. */
export function proseOf(page: string): string {
  return withoutInlineCode(page.replaceAll(FENCE, blank));
}

/** The banned words of a text. */
export function findFaults(text: string, words: readonly BannedWord[]): Fault[] {
  return text.split('\n').flatMap((content, index) =>
    words.flatMap(({ pattern, instead }) =>
      [...content.matchAll(new RegExp(pattern, 'gi'))].map(([found]) => ({
        line: index + 1,
        found,
        instead,
      })),
    ),
  );
}

function withoutInlineCode(text: string): string {
  return text.replaceAll(INLINE_CODE, blank);
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}
