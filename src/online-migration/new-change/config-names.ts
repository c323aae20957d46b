/** The names of the configuration of `npx online-migration`, in the order in which they are looked for. */
export const CONFIG_NAMES = ['ts', 'mts', 'js', 'mjs', 'cjs'].map(
  (ending) => `online-migration.config.${ending}`,
);
