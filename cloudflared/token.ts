import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { parseToken, TunnelError } from "../infra/local/tunnel/connector/index.ts";
import { ConnectorProblem } from "./problem.ts";

/** The variables that a token may come from, with cloudflared's own names. */
export interface TokenSources {
  readonly TUNNEL_TOKEN?: string | undefined;
  readonly TUNNEL_TOKEN_FILE?: string | undefined;
}

const MAX_FILE_BYTES = 16 * 1024;

/**
 * Reads the tunnel's token from the one source that is set: the environment or a file that only its owner can read.
 */
export async function readToken(sources: TokenSources): Promise<string> {
  const { TUNNEL_TOKEN: direct, TUNNEL_TOKEN_FILE: file } = sources;
  if (direct && file) {
    throw new ConnectorProblem(
      "NO_TOKEN",
      "Both TUNNEL_TOKEN and TUNNEL_TOKEN_FILE are set. Unset one: they may be of different tunnels.",
    );
  }
  if (!direct && !file) {
    throw new ConnectorProblem(
      "NO_TOKEN",
      "There is no tunnel token. Put it into a file that only you can read and name the file with TUNNEL_TOKEN_FILE, " +
        "or set TUNNEL_TOKEN.",
    );
  }
  const token = (file ? await readTokenFile(file) : (direct ?? "")).trim();
  try {
    parseToken(token);
  } catch (error) {
    if (!(error instanceof TunnelError)) throw error;
    throw new ConnectorProblem("BAD_TOKEN", file ? `${file}: ${error.message}` : error.message);
  }
  return token;
}

async function readTokenFile(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new ConnectorProblem("TOKEN_FILE", `The token's file ${file} cannot be read: ${readFailure(error)}`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new ConnectorProblem("TOKEN_FILE", `${file} is not a file.`);
    if (stat.size > MAX_FILE_BYTES)
      throw new ConnectorProblem("TOKEN_FILE", `${file} is ${stat.size} bytes long; a token has a few hundred.`);
    // Windows has no permission bits.
    if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
      throw new ConnectorProblem(
        "TOKEN_FILE",
        `Other users can read ${file}, and everyone who has the token can run the tunnel. ` +
          `Use \`chmod 600 ${file}\`, and rotate the token if another user may have read it.`,
      );
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function readFailure(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "ENOENT")
    return (
      "it does not exist. For the Cloudflare on localhost, `npm start` writes `.data/tunnel-token`; for a stack, " +
      "`npm run up` writes `.data/STACK/tunnel-token`; for another tunnel, save its token there."
    );
  if (code === "EACCES") return "this user may not. Start the connector as the file's owner.";
  return `${code ?? error}.`;
}
