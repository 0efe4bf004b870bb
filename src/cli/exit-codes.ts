/** What the command's exit status says, in every command. */

export const EXIT = {
  ok: 0,
  /** Something went wrong while running: an address in use, a lost permission. */
  failure: 1,
  /** The command line or the config is not right; nothing was started. */
  usage: 2,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes:
  ${EXIT.ok}  fine
  ${EXIT.failure}  a failure while running, such as an address in use
  ${EXIT.usage}  bad usage, or a config that is not valid`;
