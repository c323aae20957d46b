import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** The endings of files that MikroORM writes. */
export type Emit = 'ts' | 'js' | 'cjs';

/** The language of a file: TypeScript, or JavaScript with modules of one of two kinds. */
export type Syntax = 'typescript' | 'modules' | 'commonjs';

/** The form of a project's code. */
export interface CodeForm {
  /** The ending of new files. */
  readonly ending: Emit;
  /** The ending by which one new file imports another. */
  readonly imported: '.ts' | '.js' | '.cjs';
  /** The list of all column changes, relative to the project's folder. It may exist with another ending. */
  readonly list: string;
  /**
   * The language of a file.
   * @param path relative to the project's folder
   */
  readonly syntaxOf: (path: string) => Syntax;
}

/** MikroORM's options on which the form depends. */
export interface FormOptions {
  readonly emit?: Emit;
  readonly path?: string;
  /** The folder of the sources, if `path` is that of compiled files. */
  readonly pathTs?: string;
}

const LIST = 'src/column-changes';

/**
 * Finds the form of a project's code.
 * @param folder of the project
 * @param options of MikroORM
 */
export function readCodeForm(folder: string, { emit = 'ts', path, pathTs }: FormOptions = {}): CodeForm {
  const isCompiled =
    path !== undefined && pathTs !== undefined && resolve(folder, path) !== resolve(folder, pathTs);
  const lists = ['ts', 'mts', 'js', 'mjs', 'cjs'].map((ending) => `${LIST}.${ending}`);
  return {
    ending: emit,
    imported: emit === 'ts' ? (importsTs(folder, isCompiled) ? '.ts' : '.js') : `.${emit}`,
    list: lists.find((file) => existsSync(join(folder, file))) ?? `${LIST}.${emit}`,
    syntaxOf: (file) => syntaxOf(resolve(folder, file)),
  };
}

function syntaxOf(file: string): Syntax {
  if (/[.]m?ts$/.test(file)) return 'typescript';
  if (/[.][cm]js$/.test(file)) return file.endsWith('.mjs') ? 'modules' : 'commonjs';
  return isModuleFolder(dirname(file)) ? 'modules' : 'commonjs';
}

/** Whether Node.js reads `.js` files of a folder as ES modules: the nearest package.json says it. */
function isModuleFolder(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return (readJson(file) as { type?: unknown }).type === 'module';
  const parent = dirname(folder);
  return parent !== folder && isModuleFolder(parent);
}

/**
 * Whether imports name TypeScript files with their own ending, as Node.js needs it without a compiler. tsc refuses it by default,
 * because the compiled files have another ending.
 */
function importsTs(folder: string, isCompiled: boolean): boolean {
  const file = join(folder, 'tsconfig.json');
  return existsSync(file) ? allowsTs(file) : !isCompiled;
}

const ALLOWING = ['allowImportingTsExtensions', 'rewriteRelativeImportExtensions'];

/** Whether a tsconfig.json, or one that it extends, allows the ending. */
function allowsTs(file: string): boolean {
  const { compilerOptions = {}, extends: bases = [] } = readJson(file) as {
    compilerOptions?: Readonly<Record<string, unknown>>;
    extends?: string | readonly string[];
  };
  const own = ALLOWING.map((name) => compilerOptions[name]).filter((value) => value !== undefined);
  if (own.length > 0) return own.includes(true);
  return [bases].flat().some((base) => {
    const found = baseFile(file, base);
    return found !== undefined && allowsTs(found);
  });
}

function baseFile(file: string, base: string): string | undefined {
  if (/^[./]/.test(base)) {
    const path = resolve(dirname(file), base);
    return [path, `${path}.json`].find((candidate) => candidate.endsWith('.json') && existsSync(candidate));
  }
  for (const name of [base, `${base}/tsconfig.json`]) {
    try {
      return createRequire(file).resolve(name);
    } catch {
      // It has another form, or is not installed.
    }
  }
  return undefined;
}

/** A text, a comment, or a comma before the end of a list. */
const JSONC = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[}\]])/g;

/** Reads JSON with comments; an object without properties if it cannot be read. */
function readJson(file: string): object {
  try {
    // The second time, no comment stands between a comma and the end of its list any more.
    return JSON.parse(plainJson(plainJson(readFileSync(file, 'utf8')))) as object;
  } catch {
    return {};
  }
}

function plainJson(text: string): string {
  return text.replaceAll(JSONC, (_, literal: string | undefined) => literal ?? '');
}
