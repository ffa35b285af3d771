import { pathTakenBy, type Site, SURFACE, type Surface } from "../policy/index.ts";
import type { Obstacle } from "./obstacle.ts";

/** Services that would take a path of the backend's surface away from the gateway. */
export function serviceObstacles(
  { hostnames, services = [] }: Pick<Site, "hostnames" | "services">,
  surface: Surface = SURFACE,
): readonly Obstacle[] {
  return services.flatMap(({ hostname, path }) => {
    if (path === undefined || !hostnames.includes(hostname)) return [];
    const taken = pathTakenBy(surface, path);
    if (taken === undefined) return [];
    return [
      {
        code: "service_path_taken",
        found: `the service at ${hostname}${path} would take ${taken} from the backend, which has it in its surface`,
        fix: "Give the service in `causeway:services` another path, or a hostname of its own.",
      },
    ];
  });
}
