// The package has no types that compile (its own import socket.io-client, which it does not depend on).
declare module "moleculer-io" {
  import type { ServiceSchema } from "moleculer";

  const mixin: Partial<ServiceSchema>;
  export default mixin;
}
