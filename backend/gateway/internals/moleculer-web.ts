import type { Service } from "moleculer";

/** `ApiGateway` of moleculer-web 0.11; private to it. */
interface ApiGateway {
  regenerateAllAutoAliases: () => void;
}

/**
 * Stops moleculer-web from making aliases at each change of the services: no route has automatic ones. It would set a
 * timer of 0.5 s each time, also while it stops, and delay the end of the process.
 */
export function withoutAutoAliases(service: Service): void {
  (service as unknown as ApiGateway).regenerateAllAutoAliases = () => undefined;
}
