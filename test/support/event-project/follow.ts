import { databaseUrl } from './environment.ts';
import { followEvents } from './following.ts';

// A process of an application that follows the active column, or stays on ACTIVE_COLUMN, until it is killed.

const application = await followEvents(databaseUrl(), process.env['ACTIVE_COLUMN']);
await application.follower.current();
console.log('Following');
