import type {
  Alias,
  CommonTableExpr,
  DeleteStmt,
  InsertStmt,
  JoinExpr,
  MergeStmt,
  Node,
  RangeVar,
  ReturningClause,
  SelectStmt,
  UpdateStmt,
  WithClause,
} from 'libpg-query';
import { givenNames, namePath, renamed, resultOf } from './sql-names.ts';
import {
  allColumns,
  type ColumnReference,
  type Columns,
  columnsOf,
  columnsOfTable,
  type KnownTable,
  Scope,
  UNKNOWN_COLUMNS,
} from './visible-columns.ts';

/** Finds a table by its name; without a schema, by the search path. */
export type FindTable = (schema: string | undefined, name: string) => KnownTable | undefined;

type Target = RangeVar | undefined;

/**
 * Finds the columns of known tables that statements name. A name that PostgreSQL resolves to anything else is none of them: an
 * alias, a column of another table, of a subquery or of a function.
 *
 * @param statements as `libpg-query` parses them
 */
export function columnReferences(statements: unknown, findTable: FindTable): ColumnReference[] {
  const references: ColumnReference[] = [];
  const note = (relation: Columns | undefined, names: Iterable<string>) => {
    for (const name of names) if (relation) references.push(...columnsOf(relation, name));
  };

  /** Looks into everything that is not a statement of its own. */
  const walk = (value: unknown, scope: Scope): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      const visit = visitors[key];
      if (visit === undefined) walk(child, scope);
      else visit(child as never, scope);
    }
  };
  const visitors: Readonly<Record<string, (node: never, scope: Scope) => unknown>> = {
    SelectStmt: select,
    InsertStmt: insert,
    UpdateStmt: update,
    DeleteStmt: remove,
    MergeStmt: merge,
    CopyStmt({ relation, attlist, query }: { relation?: RangeVar; attlist?: Node[]; query?: Node }, scope) {
      note(target(relation, new Scope(scope)), namePath(attlist));
      walk(query, scope);
    },
    ColumnRef({ fields }: { fields?: Node[] }, scope) {
      const path = namePath(fields);
      if (path.length < (fields?.length ?? 0)) return; // `*` names no column.
      const [column = '', qualifier] = path.toReversed();
      if (qualifier === undefined) references.push(...scope.columnsNamed(column));
      else note(scope.relation(qualifier), [column]);
    },
    // `(orders).total`, `(null::orders).total`
    A_Indirection({ arg = {} as Node, indirection }: { arg?: Node; indirection?: Node[] }, scope) {
      const path = 'ColumnRef' in arg ? namePath(arg.ColumnRef.fields) : [];
      const [type, schema] = 'TypeCast' in arg ? namePath(arg.TypeCast.typeName?.names).toReversed() : [];
      const table = type === undefined ? undefined : findTable(schema, type);
      note(
        table ? columnsOfTable(table) : scope.relation(path.at(-1) ?? ''),
        namePath(indirection?.slice(0, 1)),
      );
      walk([arg, indirection], scope);
    },
  };

  function select(node: SelectStmt, outer: Scope): Columns {
    const scope = new Scope(scopeOfWith(node.withClause, outer));
    if (node.larg !== undefined && node.rarg !== undefined) {
      // `order by` names columns of the result here.
      walk([node.limitCount, node.limitOffset], scope);
      const result = select(node.larg, scope);
      select(node.rarg, scope);
      return result;
    }
    for (const item of node.fromClause ?? []) addFrom(item, scope);
    const { targetList, distinctClause = [], sortClause = [] } = node;
    walk([targetList, node.whereClause, node.groupClause, node.havingClause, node.windowClause], scope);
    walk([node.valuesLists, node.limitCount, node.limitOffset], scope);
    const result = resultOf(targetList, scope);
    // A plain name in `order by` is one of the result, if there is one.
    for (const by of [...distinctClause, ...sortClause]) {
      const expression = 'SortBy' in by ? by.SortBy.node : by;
      const path = expression && 'ColumnRef' in expression ? namePath(expression.ColumnRef.fields) : [];
      if (path.length !== 1 || !result.given.has(path[0]!)) walk([expression], scope);
    }
    return result;
  }

  function insert(node: InsertStmt, outer: Scope): Columns {
    const declared = scopeOfWith(node.withClause, outer);
    const scope = new Scope(declared);
    const into = target(node.relation, scope);
    note(into, givenNames(node.cols));
    walk([node.selectStmt], declared);
    const { infer, targetList, whereClause } = node.onConflictClause ?? {};
    const conflict = new Scope(scope);
    if (into) conflict.relations.push({ ...into, name: 'excluded' });
    note(into, [...givenNames(targetList), ...givenNames(infer?.indexElems)]);
    walk([infer, targetList, whereClause], conflict);
    return returned(node.returningClause, into, scope);
  }

  function update(node: UpdateStmt, outer: Scope): Columns {
    const scope = new Scope(scopeOfWith(node.withClause, outer));
    const updated = target(node.relation, scope);
    for (const item of node.fromClause ?? []) addFrom(item, scope);
    note(updated, givenNames(node.targetList));
    walk([node.targetList, node.whereClause], scope);
    return returned(node.returningClause, updated, scope);
  }

  function remove(node: DeleteStmt, outer: Scope): Columns {
    const scope = new Scope(scopeOfWith(node.withClause, outer));
    const removed = target(node.relation, scope);
    for (const item of node.usingClause ?? []) addFrom(item, scope);
    walk([node.whereClause], scope);
    return returned(node.returningClause, removed, scope);
  }

  function merge(node: MergeStmt, outer: Scope): Columns {
    const scope = new Scope(scopeOfWith(node.withClause, outer));
    const merged = target(node.relation, scope);
    if (node.sourceRelation !== undefined) addFrom(node.sourceRelation, scope);
    for (const when of node.mergeWhenClauses ?? []) {
      if ('MergeWhenClause' in when) note(merged, givenNames(when.MergeWhenClause.targetList));
    }
    walk([node.joinCondition, node.mergeWhenClauses], scope);
    return returned(node.returningClause, merged, scope);
  }

  /** The table that a statement writes, as a relation of the scope. */
  function target(table: Target, scope: Scope) {
    if (table !== undefined) addFrom({ RangeVar: table }, scope);
    return scope.relations.at(-1);
  }

  function returned(
    clause: ReturningClause | undefined,
    written: Columns | undefined,
    scope: Scope,
  ): Columns {
    const named = (clause?.options ?? []).flatMap((option) =>
      'ReturningOption' in option ? (option.ReturningOption.value ?? []) : [],
    );
    const result = resultOf(clause?.exprs, scope);
    for (const name of ['old', 'new', ...named]) {
      scope.relations.push({ ...(written ?? UNKNOWN_COLUMNS), name });
    }
    walk([clause?.exprs], scope);
    return result;
  }

  function scopeOfWith(clause: WithClause | undefined, outer: Scope): Scope {
    const scope = new Scope(outer);
    for (const one of clause?.ctes ?? []) {
      const {
        ctename = '',
        ctequery,
        aliascolnames,
      } = (one as { CommonTableExpr: CommonTableExpr }).CommonTableExpr;
      if (clause?.recursive) scope.declare(ctename, UNKNOWN_COLUMNS);
      scope.declare(ctename, renamed(queryOf(ctequery, scope), aliascolnames));
    }
    return scope;
  }

  function queryOf(query: Node | undefined, scope: Scope): Columns {
    const [[kind, node] = []] = Object.entries(query ?? {});
    const visit = visitors[kind ?? ''];
    return (visit?.(node as never, scope) as Columns | undefined) ?? UNKNOWN_COLUMNS;
  }

  /** Adds an item of `from`. */
  function addFrom(item: Node, scope: Scope): void {
    if ('RangeVar' in item) {
      const { schemaname, relname = '', alias } = item.RangeVar;
      const table = findTable(schemaname, relname);
      const query = schemaname === undefined ? scope.query(relname) : undefined;
      const columns = query ?? (table && columnsOfTable(table));
      const name = alias?.aliasname ?? relname;
      scope.relations.push({ ...renamed(columns ?? UNKNOWN_COLUMNS, alias?.colnames), name });
    } else if ('RangeSubselect' in item) {
      const { lateral, subquery, alias } = item.RangeSubselect;
      const columns = queryOf(subquery, lateral ? scope : scope.outer!);
      scope.relations.push({ ...renamed(columns, alias?.colnames), name: alias?.aliasname });
    } else if ('JoinExpr' in item) addJoin(item.JoinExpr, scope);
    else if ('RangeTableSample' in item && item.RangeTableSample.relation !== undefined) {
      addFrom(item.RangeTableSample.relation, scope);
      walk([item.RangeTableSample.args, item.RangeTableSample.repeatable], scope);
    } else {
      walk([item], scope);
      const [node] = Object.values(item) as { alias?: Alias }[];
      const { aliasname: name, colnames } = node?.alias ?? {};
      // The single column of a function has the name of its alias.
      const given = new Set([...namePath(colnames), ...(name === undefined ? [] : [name])]);
      scope.relations.push({ ...UNKNOWN_COLUMNS, given, name });
    }
  }

  function addJoin({ larg, rarg, usingClause, quals, alias }: JoinExpr, scope: Scope): void {
    const before = scope.relations.length;
    for (const side of [larg, rarg]) if (side !== undefined) addFrom(side, scope);
    const joined = scope.relations.slice(before);
    for (const relation of joined) note(relation, namePath(usingClause));
    walk([quals], scope);
    if (alias === undefined) return;
    scope.relations.splice(before, joined.length, {
      ...renamed(allColumns(joined), alias.colnames),
      name: alias.aliasname,
    });
  }

  walk(statements, new Scope());
  return references;
}
