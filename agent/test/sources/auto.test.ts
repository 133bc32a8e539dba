import { describe, expect, it } from 'vitest';
import { SourceError } from '../../src/model.js';
import type { Source } from '../../src/model.js';
import { Auto } from '../../src/sources/auto.js';

class Fake implements Source {
  isOpen = false;
  refusal: SourceError | undefined;

  constructor(readonly name: string) {}

  open(): Promise<void> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.isOpen = true;
    return Promise.resolve();
  }

  next(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    this.isOpen = false;
    return Promise.resolve();
  }
}

describe('auto', () => {
  const [best, otherwise] = [new Fake('hist'), new Fake('ring')];
  const auto = new Auto(best, otherwise);

  it('takes the other where the kernel has no hist triggers, and closes that one', async () => {
    best.refusal = new SourceError('trigger-refused', 'no hist triggers');
    await auto.open();
    expect([auto.name, best.isOpen, otherwise.isOpen]).toEqual(['ring', false, true]);
    await auto.close();
    expect(otherwise.isOpen).toBe(false);
  });

  it('takes the best again when the kernel allows it', async () => {
    best.refusal = undefined;
    await auto.open();
    expect([auto.name, best.isOpen, otherwise.isOpen]).toEqual(['hist', true, false]);
    await auto.close();
  });

  it('takes no other for any other error', async () => {
    best.refusal = new SourceError('permission', 'permission denied');
    await expect(auto.open()).rejects.toThrow('permission denied');
    expect(otherwise.isOpen).toBe(false);
  });
});
