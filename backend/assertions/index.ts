/** Checks assertions: the signed tokens (JWT) with which Cloudflare Access says who made a request. */
export {
  ASSERTION_HEADER,
  checkAssertion,
  MAX_ASSERTION_CHARACTERS,
} from "./check-assertion.ts";
export { certificatesUrl, isTeamName, TeamCertificates } from "./team-certificates.ts";
