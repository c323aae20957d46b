import type { Syntax } from './code-form.ts';

/** The parts of a file that differ between TypeScript and JavaScript. */
export interface CodeParts {
  readonly isTyped: boolean;
  /** The first line of a file, if there is one. */
  readonly first: string;
  /** Stands before `const` and `class` of an exported name. */
  readonly exporting: string;
  /** Stands before an overridden member of a class. */
  readonly overriding: string;
  /** A line that imports names. */
  imports(names: readonly string[], module: string): string;
  /** The last line, which exports a name. */
  exports(name: string): string;
  /** A type annotation, which JavaScript does not have. */
  typed(text: string): string;
  /** Lines of a comment that give a constant its type in JavaScript. */
  typeComment(type: string): string[];
}

/** The parts of a file in a language. */
export function codeIn(syntax: Syntax): CodeParts {
  const isTyped = syntax === 'typescript';
  const isCommonJs = syntax === 'commonjs';
  return {
    isTyped,
    first: isCommonJs ? `'use strict';\n` : '',
    exporting: isCommonJs ? '' : 'export ',
    overriding: isTyped ? 'override ' : '',
    imports: (names, module) =>
      isCommonJs
        ? `const { ${names.join(', ')} } = require('${module}');\n`
        : `import { ${names.join(', ')} } from '${module}';\n`,
    exports: (name) => (isCommonJs ? `\nexports.${name} = ${name};\n` : ''),
    typed: (text) => (isTyped ? text : ''),
    typeComment: (type) => (isTyped ? [] : [`@type {${type}}`]),
  };
}
