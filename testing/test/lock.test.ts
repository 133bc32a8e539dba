/** What is installed is what was locked: a package that was changed on its way is refused by its hash. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY, files } from '../src/pages.js';

interface Locked {
  link?: boolean;
  integrity?: string;
}

const locks = files('*package-lock.json');

describe.each(locks)('%s', (lock) => {
  it('has a hash of every package that comes from outside', () => {
    const { packages } = JSON.parse(readFileSync(join(REPOSITORY, lock), 'utf8')) as {
      packages: Record<string, Locked>;
    };
    const outside = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
    expect(outside.length).toBeGreaterThan(0);
    expect(outside.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  });
});
