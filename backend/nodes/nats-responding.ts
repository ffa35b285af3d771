import type { ServiceBroker } from "moleculer";
import { waitOwnTime } from "../own-time.ts";
import { NatsTransporter } from "./nats-transporter.ts";

/** Milliseconds that the NATS server has to respond to a ping. */
const PING_TIMEOUT_MS = 400;

/**
 * Whether the NATS server responds to a ping, so that events of other nodes arrive. Moleculer reports a half-open
 * connection as connected for minutes. Always true for the only node of a site.
 */
export async function isNatsResponding({ transit }: Pick<ServiceBroker, "transit">): Promise<boolean> {
  if (!transit) return true;
  const { tx } = transit;
  if (!(tx instanceof NatsTransporter)) return false;
  let hasResponded = false;
  const response = tx.ping().then(
    () => {
      hasResponded = true;
    },
    () => undefined,
  );
  await waitOwnTime(PING_TIMEOUT_MS, response);
  return hasResponded;
}
