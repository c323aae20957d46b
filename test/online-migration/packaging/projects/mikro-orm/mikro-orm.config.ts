import { defineConfig, defineEntity, p } from '@mikro-orm/postgresql';
import { onlineMigrations } from 'online-migration/mikro-orm';

const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: { id: p.bigint().primary(), total: p.string() },
});

export default defineConfig({
  clientUrl: process.env['DATABASE_URL']!,
  entities: [Order],
  ...onlineMigrations({ migrations: { path: 'dist/migrations' } }),
});
