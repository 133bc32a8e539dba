/** Aligned columns of plain text for terminals. */

/**
 * Formats lines with two spaces between columns; the first `left` columns are aligned to the left, the others to the
 * right.
 */
export function columns(rows: readonly (readonly string[])[], left: number): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => (i < left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}
