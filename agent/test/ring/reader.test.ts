import { describe, expect, it } from 'vitest';
import { nextPollMs } from '../../src/ring/reader.js';

describe('nextPollMs', () => {
  const after = (delayMs: number, share: number, times: number) => {
    let delay = delayMs;
    for (let i = 0; i < times; i++) delay = nextPollMs(delay, share);
    return delay;
  };

  it('looks sooner the fuller the buffer was, and never without pause', () => {
    expect(nextPollMs(200, 0.3)).toBe(100);
    expect(nextPollMs(200, 0.9)).toBe(50);
    expect(after(250, 1, 20)).toBe(10);
  });

  it('looks later when there is hardly anything to read, up to a quarter of a second', () => {
    expect(nextPollMs(100, 0)).toBe(150);
    expect(nextPollMs(100, 0.1)).toBe(100);
    expect(after(10, 0, 20)).toBe(250);
  });
});
