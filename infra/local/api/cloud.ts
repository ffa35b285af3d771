/** The view of the state that the edge and the tunnel read, and how they are notified of changes. */
import { accessOf } from "./access/account.ts";
import { listSpecsOf } from "./lists/spec.ts";
import type { LiveTunnels } from "./live-tunnels.ts";
import type { AccessAccount, Cloud, CloudChange, State, StoredZone, Zone } from "./state.ts";
import { settingValues } from "./zone-settings.ts";

export interface CloudHub extends Cloud {
  /** Notifies the listeners, after the change was stored. */
  announce(changes: readonly CloudChange[]): void;
  /** Tells the edge to drop a tunnel's connections. */
  disconnect(tunnelId: string): void;
}

export function createCloud(state: () => State, live: LiveTunnels): CloudHub {
  const changeListeners = new Set<(change: CloudChange) => void>();
  const disconnectListeners = new Set<(tunnelId: string) => void>();
  const listen =
    <Listener>(listeners: Set<Listener>) =>
    (listener: Listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
  let views: { of: State; zones: Zone[]; access: AccessAccount[] } | undefined;
  const current = () => {
    const now = state();
    if (views?.of !== now) {
      views = {
        of: now,
        zones: byLength(now.zones.filter(isServed)).map((zone) => viewOf(zone, now)),
        access: now.accounts.map((account) => ({ id: account.id, access: accessOf(account) })),
      };
    }
    return views;
  };
  return {
    zoneOf(hostname) {
      const name = hostname.toLowerCase().replace(/\.$/, "");
      return current().zones.find((zone) => name === zone.name || name.endsWith(`.${zone.name}`));
    },
    accessAccounts: () => current().access,
    tunnel(id) {
      const tunnel = state().tunnels.find((stored) => stored.id === id);
      return (
        tunnel && {
          id: tunnel.id,
          accountTag: tunnel.account_tag,
          name: tunnel.name,
          secret: Buffer.from(tunnel.secret, "base64"),
          config: tunnel.config,
          version: tunnel.version,
          deletedAt: tunnel.deleted_at,
        }
      );
    },
    reportConnections: (tunnelId, connections) => live.set(tunnelId, connections),
    onChange: listen(changeListeners),
    onDisconnect: listen(disconnectListeners),
    announce(changes) {
      for (const change of changes) for (const listener of [...changeListeners]) listener(change);
    },
    disconnect(tunnelId) {
      for (const listener of [...disconnectListeners]) listener(tunnelId);
    },
  };
}

/** Cloudflare's edge serves active zones only. */
const isServed = ({ status = "active" }: StoredZone): boolean => status === "active";

/** Longest name first: a zone of a subdomain wins over its parent's. */
function byLength(zones: readonly StoredZone[]): StoredZone[] {
  return [...zones].sort((one, other) => other.name.length - one.name.length);
}

function viewOf(zone: StoredZone, { accounts }: State): Zone {
  const account = accounts.find(({ id }) => id === zone.account_id);
  const lists = account?.lists ?? [];
  return {
    id: zone.id,
    name: zone.name,
    accountId: zone.account_id,
    plan: zone.plan,
    settings: settingValues(zone),
    records: zone.records,
    rulesets: zone.rulesets,
    accountRulesets: account?.rulesets ?? [],
    lists: listSpecsOf(lists),
    listsRevision: lists.map(({ id, revision }) => `${id}@${revision}`).join(" "),
  };
}
