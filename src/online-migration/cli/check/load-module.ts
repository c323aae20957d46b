import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FileProblem } from './migration-file.ts';

/** Marks the address of a module that is loaded without imports of types. */
const MARK = '?online-migration-check';
/** `import { A, type B as C } from 'module';` */
const NAMED_IMPORT = /^import\s*\{(?<names>[^}]*)\}\s*from\s*(?<from>['"][^'"\n]+['"]);?/gm;

/**
 * Loads a module of migrations.
 *
 * Node.js removes types, but keeps `import { MigrationInterface } from 'typeorm'`, which fails because the module exports no value of
 * this name. The second attempt leaves out the imports that only types use.
 *
 * @throws FileProblem if it cannot be loaded
 */
export async function loadModule(file: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(resolve(file)).href;
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (/\.[cm]?ts$/.test(file)) {
      try {
        return await withoutTypes(url);
      } catch {
        // The first error says more.
      }
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileProblem(
      'MIGRATION_NOT_READ',
      `It cannot be loaded: ${reason}. The command loads migrations with Node.js, with the packages of the project: install them; ` +
        'if they need a loader such as tsx, name it in NODE_OPTIONS.',
      1,
      { cause: error },
    );
  }
}

async function withoutTypes(url: string): Promise<Record<string, unknown>> {
  const hooks = registerHooks({
    load: (loaded, context, nextLoad) =>
      loaded === url + MARK
        ? {
            format: 'module',
            source: withoutUnusedImports(readFileSync(fileURLToPath(url), 'utf8')),
            shortCircuit: true,
          }
        : nextLoad(loaded, context),
  });
  try {
    return (await import(url + MARK)) as Record<string, unknown>;
  } finally {
    hooks.deregister();
  }
}

/** Removes types, and imports that only they use. Lines keep their numbers. */
function withoutUnusedImports(source: string): string {
  const code = stripped(source);
  return code.replaceAll(NAMED_IMPORT, (whole: string, names: string, from: string) => {
    const rest = code.replaceAll(NAMED_IMPORT, '');
    const used = names.split(',').filter((name) => {
      const local = name
        .trim()
        .split(/\s+as\s+/)
        .at(-1)!;
      return local !== '' && new RegExp(`(?<![\\w$])${local.replaceAll('$', '\\$')}(?![\\w$])`).test(rest);
    });
    if (used.length === names.split(',').length) return whole;
    const lines = '\n'.repeat(whole.split('\n').length - 1);
    return used.length === 0 ? lines : `import {${used.join(',')}} from ${from};${lines}`;
  });
}

function stripped(source: string): string {
  // The function warns that it is experimental.
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
