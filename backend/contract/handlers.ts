import type { ServiceSchema } from "moleculer";
import { SurfaceError } from "../surface/mistakes.ts";

/**
 * Checks that the services have a handler for each declared action.
 *
 * @param declared names of actions, with the file that declares them
 * @throws SurfaceError for an action without a handler
 */
export function checkHandlers(
  declared: readonly { readonly action: string; readonly file: string }[],
  services: readonly Pick<ServiceSchema, "name" | "actions">[],
): void {
  const handled = new Set(
    services.flatMap(({ name, actions = {} }) => Object.keys(actions).map((action) => `${name}.${action}`)),
  );
  const lines = declared
    .filter(({ action }) => !handled.has(action))
    .map(({ action, file }) => {
      const [service = "", name = ""] = action.split(".");
      const hasService = services.some((one) => one.name === service);
      const place = hasService ? `to the actions of the service ${service}` : `to a service named ${service}`;
      const hint = hasService ? "" : ", which the index.ts of its feature has to return";
      return `${file}: ${action}: no service has a handler for it; add ${name} ${place}${hint}, or remove the entry.`;
    });
  if (lines.length > 0) throw new SurfaceError(lines);
}
