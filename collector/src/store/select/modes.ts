/**
 * Modes in SQL, for those who ask ClickHouse themselves. The rule is that of the protocol's `deriveModes`, and a test holds
 * the two equal: userspace = punted, virtual = entered - punted, real = issued - entered, and NULL, never 0, for what
 * nobody can observe.
 */

/** The newest word on each life of a VM: host, life, vm, uuid, started_at, evidence. */
export function lives(where: string): string {
  return `SELECT host, life, name AS vm, uuid, started_at, evidence
    FROM vms WHERE ${where} ORDER BY at DESC LIMIT 1 BY host, life`;
}

/**
 * SELECT by, vm, uuid, hypercall, mode, evidence, reason, calls. `increases` is a SELECT of by, hypercall, counter and increase,
 * where `by` begins with host and life; `ofLives` one of `lives`.
 */
export function modes(increases: string, by: string, ofLives: string): string {
  return `
    SELECT ${by}, vm, uuid, hypercall, mode, said.evidence AS evidence, said.reason AS reason,
      multiIf(
        evidence = 'unobservable', NULL,
        mode = 'userspace', punted,
        mode = 'virtual', greatest(entered, punted) - punted,
        evidence = 'absent', 0,
        issued IS NULL, NULL,
        greatest(assumeNotNull(issued) - greatest(entered, punted), 0)
      )::Nullable(Int64) AS calls
    FROM (
      SELECT *, arrayJoin(['real', 'virtual', 'userspace']) AS mode,
        arrayFirst(
          known -> known.evidence != '',
          [
            arrayFirst(known -> known.mode = mode AND known.hypercall = hypercall, words),
            arrayFirst(known -> known.mode = mode AND known.hypercall = 'all', words),
            (mode, 'all', 'unobservable', 'no-evidence-given')::Tuple(
              mode String, hypercall String, evidence String, reason String)
          ]
        ) AS said
      FROM (
        SELECT ${by}, toString(hypercall) AS hypercall,
          sumIf(increase, counter = 'entered')::Int64 AS entered,
          sumIf(increase, counter = 'punted')::Int64 AS punted,
          if(countIf(counter = 'issued') > 0, sumIf(increase, counter = 'issued'), NULL)::Nullable(Int64) AS issued
        FROM (${increases})
        GROUP BY ${by}, hypercall
      ) AS counted
      LEFT JOIN (
        SELECT host, life, vm, uuid,
          arrayMap(
            one -> (toString(one.mode), toString(one.hypercall), toString(one.evidence), one.reason)::Tuple(
              mode String, hypercall String, evidence String, reason String),
            evidence
          ) AS words
        FROM (${ofLives})
      ) AS lives USING (host, life)
    )`;
}
