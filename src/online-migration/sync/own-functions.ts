/**
 * An SQL expression: the oids of the package's existing functions, as a list for `in`.
 * @param names the parameter with the names, schema and name, quoted: `$3`
 */
export function existingFunctions(names: `$${number}`): string {
  return `(
        select to_regproc(name) from unnest(${names}::text[]) as name where to_regproc(name) is not null
      )`;
}
