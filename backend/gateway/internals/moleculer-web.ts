import type { Service } from "moleculer";

/** A route's alias as `ApiGateway` of moleculer-web 0.11 keeps it. */
export interface Alias {
  readonly method: string;
  readonly fullPath: string;
  readonly action: string;
}

/** Private to moleculer-web. */
interface ApiGateway {
  readonly aliases: readonly Alias[];
  regenerateAllAutoAliases: () => void;
}

export function aliasesOf(service: Service): readonly Alias[] {
  return (service as unknown as ApiGateway).aliases;
}

/**
 * Keeps moleculer-web from making aliases at each change of the services: no route has automatic ones. It would set a
 * timer of 0.5 s for them, also while it stops, and the process would end that much later.
 */
export function withoutAutoAliases(service: Service): void {
  (service as unknown as ApiGateway).regenerateAllAutoAliases = () => undefined;
}
