import { keySetOf, type SigningKey, TEAM } from "../../backend/assertions/test-team.ts";
import { accessSuite } from "../../infra/local/tunnel/access-suite.ts";
import { startedBy } from "../cloudflared/real-connector.ts";
import { startVendor } from "./vendor.ts";

accessSuite("the real cloudflared checks Access", async (...keys) => {
  let served: readonly SigningKey[] = keys;
  const { withHosts, caFile, close } = await startVendor(TEAM, () => keySetOf(served));
  return {
    isStrict: false,
    startWith: startedBy(withHosts, { SSL_CERT_FILE: caFile }),
    rotateTo(...next) {
      served = next;
    },
    close,
  };
});
