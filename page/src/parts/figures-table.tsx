/** Calls by hypercall and mode, as a table: the figures of the read API, to the call. */
import { HYPERCALL_NAMES, MODES } from '@tcewatch/protocol/vocabulary';
import type { Figures } from '../api/answers.js';
import { MODE_WORDS, count, figure } from '../words.js';

type Row = Figures & { label?: string };

export interface FiguresTableProps {
  caption: string;
  /** Head of the column before the hypercall, where rows have one. */
  rows: readonly Row[];
  /** Name of the column of labels. */
  label?: string;
}

/** Sorts by label, then in the usual order of hypercalls. */
function inOrder(a: Row, b: Row): number {
  const byLabel = (a.label ?? '').localeCompare(b.label ?? '');
  return byLabel || HYPERCALL_NAMES.indexOf(a.hypercall) - HYPERCALL_NAMES.indexOf(b.hypercall);
}

export function FiguresTable({ caption, rows, label }: FiguresTableProps) {
  return (
    <div class="scrolls" role="region" aria-label={caption} tabIndex={0}>
      <table class="figures">
        <caption>{caption}</caption>
        <thead>
          <tr>
            {label && <th scope="col">{label}</th>}
            <th scope="col">Hypercall</th>
            {MODES.map((mode) => (
              <th key={mode} scope="col" class="number">
                <i class={`swatch mode-${mode}`} /> {MODE_WORDS[mode]}
              </th>
            ))}
            <th scope="col" class="number">
              Entries
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.toSorted(inOrder).map((row) => (
            <tr key={`${row.label ?? ''} ${row.hypercall}`}>
              {label && <td>{row.label}</td>}
              <th scope="row">{row.hypercall}</th>
              {MODES.map((mode) => {
                const own = row.modes.find((one) => one.mode === mode);
                return (
                  <td key={mode} class="number" title={own?.reason}>
                    {own ? figure(own) : 'unobservable'}
                  </td>
                );
              })}
              <td class="number">{row.entries === null ? 'unobservable' : count(row.entries)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
