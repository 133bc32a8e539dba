/** The generated part of docs/reference/evidence.md: the table of reasons. */
import { EVIDENCE_REASONS } from '@tcewatch/agent';

/** Reasons that no batch carries: they are given where figures are read. */
const GIVEN_BY_THE_COLLECTOR = {
  'guest-issued':
    "The guest counted what it issued; what of it did not enter virtual mode, from the guest's first report on, was " +
    'completed in real mode.',
  'liobn-of-punts-unknown':
    'The source does not tell on which LIOBN a punt was: of this LIOBN there were at most as many.',
  'no-evidence-given': 'The agent said nothing of this mode.',
};

/** Texts by name of the mark. */
export function evidenceTexts(): Map<string, string> {
  const rows = Object.entries({ ...EVIDENCE_REASONS, ...GIVEN_BY_THE_COLLECTOR });
  const lines = rows.map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return new Map([['reasons', ['| reason | meaning |', '| --- | --- |', ...lines].join('\n')]]);
}
