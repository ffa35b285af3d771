import { connectorSuite } from "../../cloudflared/connector-suite.ts";
import { replaceSuite } from "../../cloudflared/replace-suite.ts";

const { PATH = "", CLOUDFLARED_BIN } = process.env;
const env = { PATH, ...(CLOUDFLARED_BIN && { CLOUDFLARED_BIN }) };
connectorSuite("the road with the real cloudflared", env, "cloudflared");
replaceSuite("the real cloudflared", env);
