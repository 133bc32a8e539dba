import { describe, expect, it } from 'vitest';
import { fill, marksIn } from '../src/index.js';

const page =
  'Before.\n\n<!-- generated: a -->\n\nold\n\n<!-- end -->\n\nBetween.\n\n<!-- generated: b -->\n<!-- end -->\n';
const texts = new Map([
  ['a', 'new $1'],
  ['b', '| b |'],
]);

describe('fill', () => {
  it('puts each text between its marks, and leaves all else as it is', () => {
    const filled = fill(page, texts);
    expect(filled).toBe(
      'Before.\n\n<!-- generated: a -->\n\nnew $1\n\n<!-- end -->\n\nBetween.\n\n<!-- generated: b -->\n\n| b |\n\n<!-- end -->\n',
    );
    expect(fill(filled, texts)).toBe(filled);
    expect(marksIn(page)).toEqual(['a', 'b']);
  });

  it('refuses a mark without a text, a text without a mark, and a mark twice', () => {
    expect(() => fill(page, new Map([['a', 'x']]))).toThrow('the page has a mark b, for which there is no text');
    expect(() => fill(page, new Map([...texts, ['c', 'x']]))).toThrow('the page has no mark c: add a section for it');
    expect(() => fill(page + page, texts)).toThrow('the page has one mark twice');
  });
});
