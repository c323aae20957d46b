import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** How a tool other than the package's migrator runs a file. */
export interface ToolRun {
  /**
   * - `always`: all statements share a transaction.
   * - `if several`: a statement alone has none, as in a message of several statements.
   * - `none`: each statement is committed by itself.
   */
  readonly transaction: 'always' | 'if several' | 'none';
  /** How a file is run without a transaction, as a clause behind a colon; undefined if that is not known. */
  readonly without?: string;
}

/** Tools whose files have a transaction each, unless the file says otherwise. */
interface Tool {
  readonly mark: RegExp;
  readonly noTransaction: RegExp;
  readonly without: string;
}

const TOOLS: readonly Tool[] = [
  {
    mark: /^[ \t]*--[ \t]*\+goose\b/im,
    noTransaction: /^[ \t]*--[ \t]*\+goose[ \t]+NO[ \t]+TRANSACTION/im,
    without: '`-- +goose NO TRANSACTION`',
  },
  {
    mark: /^[ \t]*--[ \t]*\+migrate\b/im,
    noTransaction: /^[ \t]*--[ \t]*\+migrate[ \t]+Up[ \t]+notransaction/im,
    without: '`-- +migrate Up notransaction`',
  },
  {
    mark: /^[ \t]*--[ \t]*migrate:up\b/im,
    noTransaction: /^[ \t]*--[ \t]*migrate:up[ \t]+transaction:false/im,
    without: '`-- migrate:up transaction:false`',
  },
];

const LIQUIBASE = /^[ \t]*--[ \t]*liquibase formatted sql/im;

/** The comments of `sqlmigrate`. Django begins a transaction with a statement of its own. */
const DJANGO =
  /^--\r?\n-- (?:Add|Alter|Concurrently|Create|Delete|Move|Raw|Remove|Rename|Set)\b.*\r?\n--\r?$/m;

/** Finds out how a file of SQL is run: by its comments, its name, and the file with Flyway's settings beside it. */
export function toolRunOf(file: string, source: string): ToolRun {
  const tool = TOOLS.find(({ mark }) => mark.test(source));
  if (tool !== undefined) {
    const { noTransaction, without } = tool;
    return { transaction: noTransaction.test(source) ? 'none' : 'always', without };
  }
  // Its changesets have a transaction each.
  if (LIQUIBASE.test(source))
    return { transaction: 'none', without: '`runInTransaction:false` behind the name of the changeset' };
  if (DJANGO.test(source)) return { transaction: 'none', without: '`atomic = False` in its class' };
  const settings = `${file}.conf`;
  if (/^[VR][^/]*__.*\.sql$/.test(basename(file))) {
    const isOff =
      existsSync(settings) && /^\s*executeInTransaction\s*=\s*false/m.test(readFileSync(settings, 'utf8'));
    return {
      transaction: isOff ? 'none' : 'if several',
      without: `\`executeInTransaction=false\` in its settings, such as ${basename(settings)}`,
    };
  }
  if (basename(file) === 'migration.sql')
    return { transaction: 'if several', without: 'Prisma does so with a file of one statement' };
  return { transaction: 'if several' };
}
