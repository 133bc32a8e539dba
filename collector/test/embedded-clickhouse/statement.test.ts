import { describe, expect, it } from 'vitest';
import { RequestError, insertFromFile, readParameters } from '../../src/embedded-clickhouse/statement.js';

function preparationFor(search: string): string[] {
  return readParameters(new URLSearchParams(search)).preparation;
}

describe('readParameters', () => {
  it('applies settings and parameters to the session, and the database after them', () => {
    expect(preparationFor('database=fleet&max_threads=1&param_host=h1')).toEqual([
      "SET max_threads = '1', param_host = 'h1'",
      'USE `fleet`',
    ]);
  });

  it('keeps values inside their quotes', () => {
    const value = encodeURIComponent("'; DROP TABLE readings; --\\");
    expect(preparationFor(`param_host=${value}`)).toEqual(["SET param_host = '\\'; DROP TABLE readings; --\\\\'"]);
    expect(preparationFor(`database=${encodeURIComponent('a`b')}`)).toEqual(['USE `a\\`b`']);
  });

  it('leaves out what is for the interface itself', () => {
    expect(preparationFor('query=SELECT+1&query_id=x&enable_http_compression=1&default_format=CSV')).toEqual([]);
  });

  it.each(['session_id=a', 'role=r', 'compress=1'])('refuses %s, which it cannot honour', (search) => {
    expect(() => preparationFor(search)).toThrow(RequestError);
  });

  it('refuses what is no name', () => {
    expect(() => preparationFor(`${encodeURIComponent('a = 1, b')}=2`)).toThrow('is no name of a setting');
  });
});

describe('insertFromFile', () => {
  it.each([
    ['INSERT INTO t (a, b) FORMAT RowBinary', "INSERT INTO t (a, b) FROM INFILE '/d/1' FORMAT RowBinary"],
    [' insert into t format JSONEachRow ;\n', " insert into t FROM INFILE '/d/1' FORMAT JSONEachRow"],
  ])('reads the data of %j from the file', (query, expected) => {
    expect(insertFromFile(query, '/d/1')).toBe(expected);
  });

  it.each(['SELECT 1 FORMAT JSON', 'INSERT INTO t VALUES (1)', 'INSERT INTO t SELECT 1', ''])(
    'leaves %j as it is',
    (query) => {
      expect(insertFromFile(query, '/d/1')).toBeUndefined();
    },
  );

  it('quotes the path', () => {
    expect(insertFromFile('INSERT INTO t FORMAT CSV', "/it's/1")).toContain("INFILE '/it\\'s/1'");
  });
});
