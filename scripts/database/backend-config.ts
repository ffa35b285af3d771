import { type Config, ConfigError, readConfig } from "../../backend/config.ts";
import { UsageError } from "../command-line/index.ts";

/** Reads the backend's configuration from the environment. @throws UsageError naming every variable that is wrong */
export function readBackendConfig(env: NodeJS.ProcessEnv): Config {
  try {
    return readConfig(env);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}
