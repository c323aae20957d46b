import { defineConfig } from '@mikro-orm/postgresql';
import { onlineMigrations } from 'online-migration/mikro-orm';

export default defineConfig({
  clientUrl: process.env['DATABASE_URL']!,
  entities: [],
  ...onlineMigrations({ migrations: { path: 'dist/migrations' } }),
});
