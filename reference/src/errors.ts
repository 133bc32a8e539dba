/** The reference page of error codes, docs/reference/errors.md, from the programs' tables. */
import { ERRORS as COLLECTOR_ERRORS } from '@tcewatch/collector';
import type { ErrorCodeTable } from '@tcewatch/common';

const INTRODUCTION = `What goes wrong in a program and was foreseen has a code, which does not change: it is a value of a label of its
metrics and stands in its log and its answers. Each code says what has happened; what to do about it is beside it. This page is
generated from the tables \`agent/src/errors.ts\` and \`collector/src/errors.ts\`.`;

export function errorsPage(): string {
  return ['# Error codes', INTRODUCTION, '## The collector', errorTable(COLLECTOR_ERRORS), ''].join('\n\n');
}

/** Builds a table of all codes, in alphabetical order. */
export function errorTable(errors: ErrorCodeTable): string {
  const rows = Object.entries(errors).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = rows.map(([code, { meaning, remedy }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(remedy)} |`);
  return ['| code | meaning | what to do |', '| --- | --- | --- |', ...lines].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
