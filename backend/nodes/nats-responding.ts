import type { ServiceBroker } from "moleculer";
import { waitOwnTime } from "../own-time.ts";
import { NatsTransporter } from "./nats-transporter.ts";

/** Milliseconds that the NATS server has to respond to a ping. */
const PING_TIMEOUT_MS = 400;

/**
 * Whether the NATS server responds, so that events of other nodes arrive. Moleculer calls itself connected as long as
 * it tries to be, which on a half-open connection is for minutes. Always true for a node that is alone.
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
