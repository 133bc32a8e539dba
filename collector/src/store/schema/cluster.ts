/**
 * The schema on a cluster. Migrations are written once, as plain SQL; here each statement of theirs becomes those that do
 * the same on every node: the tables, replicated, in a database of their own (`tcewatch_local`), and over each of them,
 * under the same name in the database that is asked (`tcewatch`), a Distributed table that shards by host.
 *
 * Every table holds rows of hosts, and nothing is joined but on the host, so each shard answers for its own hosts.
 */
import { quote, quoteIdentifier } from '../quote.js';
import { StoreError } from '../../model.js';
import type { ClickHouse } from '../client.js';
import type { Schema } from './migrations.js';

export interface Cluster {
  /** Name in the server's `remote_servers`. */
  name: string;
  /** Where in Keeper the replicas of a table meet; holds the macros {shard}, {database} and {table}. */
  replicaPath: string;
}

/** Path of ClickHouse's own documentation, with the database, so that several may be on one cluster. */
export const DEFAULT_REPLICA_PATH = '/clickhouse/tables/{shard}/{database}/{table}';

/** Rows are acknowledged by the shard that keeps them, and subqueries look at the hosts of their own shard. */
export const CLUSTER_SETTINGS = {
  distributed_foreground_insert: 1,
  distributed_product_mode: 'local',
  optimize_skip_unused_shards: 1,
} as const;

/** The database of the replicated tables themselves. */
export function localDatabase(database: string): string {
  return `${database}_local`;
}

const STATEMENT =
  /^((?:\s|--.*\n)*)(CREATE TABLE IF NOT EXISTS|CREATE MATERIALIZED VIEW IF NOT EXISTS|ALTER TABLE) (\w+)/;
const ENGINE = /^ENGINE = (\w*MergeTree)(?:\((.*)\))?/m;

/** The form of the schema for a cluster; its statements run in the local database. */
export function clusterSchema(cluster: Cluster, database: string): Schema {
  const onCluster = `ON CLUSTER ${quoteIdentifier(cluster.name)}`;
  return {
    alter: (table) => `ALTER TABLE ${table} ${onCluster}`,
    statements: (statement) => {
      const [head = '', comment = '', verb = '', table = ''] = STATEMENT.exec(statement) ?? [];
      if (head === '') {
        throw new StoreError(
          `a migration has a statement that has no form for a cluster (collector/src/store/schema/cluster.ts): ${statement}`,
          false,
        );
      }
      const local = `${comment}${verb} ${table} ${onCluster}${statement.slice(head.length)}`;
      // Nobody asks a view: what it makes is in a table.
      const isOfView =
        verb.startsWith('CREATE MATERIALIZED') || /^\s*MODIFY QUERY\s/.test(statement.slice(head.length));
      if (isOfView) return [local];
      return [verb === 'ALTER TABLE' ? local : replicated(local, cluster.replicaPath, '{replica}'), over(table)];
    },
    // One table for the whole cluster: all nodes are replicas of it.
    record: (statement) =>
      replicated(
        statement.replace(STATEMENT, `$& ${onCluster}`),
        cluster.replicaPath.replaceAll('{shard}', 'all'),
        '{shard}-{replica}',
      ),
  };

  /**
   * Creates the Distributed table. It holds no rows, so it is replaced whenever columns of the table beneath have
   * changed.
   */
  function over(table: string): string {
    const local = localDatabase(database);
    return (
      `CREATE OR REPLACE TABLE ${database}.${table} ${onCluster} AS ${local}.${table}\n` +
      `ENGINE = Distributed(${quoteIdentifier(cluster.name)}, ${local}, ${table}, cityHash64(host))`
    );
  }
}

function replicated(statement: string, path: string, replica: string): string {
  return statement.replace(ENGINE, (_, engine: string, parameters?: string) => {
    const all = [quote(path), quote(replica), ...(parameters ? [parameters] : [])];
    return `ENGINE = Replicated${engine}(${all.join(', ')})`;
  });
}

/** Creates both databases; rejects with StoreError where the server lacks what a cluster needs. */
export async function prepareCluster(server: ClickHouse, cluster: Cluster, database: string): Promise<void> {
  const [nodes, macros] = await Promise.all([
    server.select<ClusterNode>('cannot read system.clusters', 'SELECT * FROM system.clusters'),
    server.select<{ macro: string }>('cannot read system.macros', 'SELECT macro FROM system.macros'),
  ]);
  const problem = clusterProblem(
    cluster.name,
    nodes,
    macros.map(({ macro }) => macro),
  );
  if (problem !== undefined) throw new StoreError(problem, true, { failure: 'schema' });
  for (const name of [localDatabase(database), database]) {
    await server.command(
      `cannot open the database ${name} on the cluster ${cluster.name}`,
      `CREATE DATABASE IF NOT EXISTS ${name} ON CLUSTER ${quoteIdentifier(cluster.name)}`,
    );
  }
}

/** A row of system.clusters, as far as it is looked at; older servers do not tell `internal_replication`. */
export interface ClusterNode {
  cluster: string;
  shard_num: number;
  internal_replication?: number;
}

/** Says what of the server is in the way of a cluster, in words for the operator; undefined: nothing. Pure. */
export function clusterProblem(
  name: string,
  nodes: readonly ClusterNode[],
  macros: readonly string[],
): string | undefined {
  const ours = nodes.filter(({ cluster }) => cluster === name);
  if (ours.length === 0) {
    const known = [...new Set(nodes.map(({ cluster }) => cluster))].join(', ') || 'none';
    return `clickhouse.cluster is ${name}, which is not in system.clusters of this server (it knows: ${known})`;
  }
  const missing = ['shard', 'replica'].filter((macro) => !macros.includes(macro));
  if (missing.length > 0) {
    return `this server has no macro ${missing.join(' and ')}; define it in <macros> of each server's configuration`;
  }
  const doubling = ours.find(({ internal_replication: internal }) => internal === 0);
  if (doubling) {
    return (
      `shard ${doubling.shard_num} of the cluster ${name} has internal_replication off, so that every row would be sent ` +
      'to each replica; set <internal_replication>true</internal_replication>'
    );
  }
  return undefined;
}
