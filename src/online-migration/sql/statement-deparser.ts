import type { Constraint, Node } from 'libpg-query';
import { escapeIdentifier } from 'pg';
import { Deparser } from 'pgsql-deparser';

type Context = Parameters<Deparser['Constraint']>[1];

/** Writes trees as SQL, with the parts of unique constraints and primary keys that `pgsql-deparser` leaves out. */
export class StatementDeparser extends Deparser {
  /** Quotes the index of `using index`, and writes `include`, `with` and the tablespace. */
  override Constraint(node: Constraint, context: Context): string {
    const { contype, conname, keys, nulls_not_distinct, indexname } = node;
    if (contype !== 'CONSTR_UNIQUE' && contype !== 'CONSTR_PRIMARY') {
      return super.Constraint(node, context);
    }
    const quoted = { ...node, ...(indexname !== undefined && { indexname: escapeIdentifier(indexname) }) };
    const sql = super.Constraint(quoted, context);
    const upToKeys = super.Constraint({ contype, conname, keys, nulls_not_distinct } as never, context);
    return [upToKeys, ...this.#leftOut(node, context)].join(' ') + sql.slice(upToKeys.length);
  }

  #leftOut({ including, options, indexspace }: Constraint, context: Context): string[] {
    const list = (nodes: readonly Node[]) =>
      nodes.map((each) => this.visit(each as never, context.spawn('IndexStmt'))).join(', ');
    return [
      ...(including === undefined ? [] : [`INCLUDE (${list(including)})`]),
      ...(options === undefined ? [] : [`WITH (${list(options)})`]),
      ...(indexspace === undefined ? [] : [`USING INDEX TABLESPACE ${escapeIdentifier(indexspace)}`]),
    ];
  }
}
