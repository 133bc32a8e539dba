/** Credentials of a request, as ClickHouse takes them: Basic authentication, its own headers, or parameters. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ERROR, engineError } from './errors.js';

export interface Credentials {
  username: string;
  password: string;
}

/** The one of `users` that the request proves to come from; throws EngineError when it is none. */
export function authenticate<User extends Credentials>(request: FastifyRequest, users: readonly User[]): User {
  const given = credentialsOf(request);
  const [user] = users.filter((one) => isSame(given, one));
  if (user) return user;
  const message = 'Authentication failed: password is incorrect, or there is no user with such name';
  throw engineError(ERROR.AUTHENTICATION_FAILED, message);
}

/** Compares both parts, by digests of equal length, so that the time taken tells nothing. */
function isSame(given: Credentials, expected: Credentials): boolean {
  const named = timingSafeEqual(digest(given.username), digest(expected.username));
  const proved = timingSafeEqual(digest(given.password), digest(expected.password));
  return named && proved;
}

function credentialsOf(request: FastifyRequest): Credentials {
  const { authorization } = request.headers;
  if (authorization?.startsWith('Basic ')) {
    const [username = '', ...password] = Buffer.from(authorization.slice(6), 'base64').toString().split(':');
    return { username, password: password.join(':') };
  }
  const parameters = new URL(request.url, 'http://localhost').searchParams;
  const header = (name: string): string | undefined => request.headers[name]?.toString();
  return {
    username: header('x-clickhouse-user') ?? parameters.get('user') ?? 'default',
    password: header('x-clickhouse-key') ?? parameters.get('password') ?? '',
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
