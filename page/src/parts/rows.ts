/** Which rows of a long table are near the window: only those are in the document. */
import { Virtualizer, observeWindowOffset, observeWindowRect, windowScroll } from '@tanstack/virtual-core';
import type { VirtualItem } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useState } from 'preact/hooks';

export interface Rows {
  items: readonly VirtualItem[];
  /** Heights of what is left out above and below, in pixels. */
  above: number;
  below: number;
}

/** All rows have the same height, in pixels. */
export function useRows(table: RefObject<HTMLElement | null>, total: number, height: number): Rows {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  const settings = {
    count: total,
    getScrollElement: () => window,
    estimateSize: () => height,
    overscan: 10,
    scrollMargin: (table.current?.getBoundingClientRect().top ?? 0) + window.scrollY,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    onChange: () => {
      redraw(undefined);
    },
  };
  const [rows] = useState(() => new Virtualizer<Window, Element>(settings));
  rows.setOptions(settings);
  useEffect(() => {
    rows.measure();
  }, [height]);
  useLayoutEffect(() => rows._didMount(), []);
  useLayoutEffect(() => {
    rows._willUpdate();
  });
  const items = rows.getVirtualItems();
  const margin = rows.options.scrollMargin;
  const end = items.at(-1)?.end ?? margin;
  return { items, above: (items[0]?.start ?? margin) - margin, below: rows.getTotalSize() - (end - margin) };
}
