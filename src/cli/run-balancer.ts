/** What `sluice run` does: the balancer, in the foreground, until a signal stops it. */
import type { Command } from "commander";
import { describeFailure, type Failure } from "./errors.js";
import { createLogger, type Logger } from "./logger.js";
import { createConfigSource, findMisuse, type RunFlags } from "./run-flags.js";
import { serve } from "./serve.js";

export async function runBalancer(
  file: string | undefined,
  flags: RunFlags,
  command: Command,
): Promise<void> {
  const misuse = findMisuse(file, flags);
  if (misuse !== undefined) command.error(`error: ${misuse}`);
  const logger = createLogger({
    level: flags.logLevel,
    format: flags.logFormat,
    colorize: process.stderr.isTTY && !process.env.NO_COLOR,
  });
  try {
    await serve(createConfigSource(file, flags), logger, { env: process.env, user: flags.user });
  } catch (error) {
    const failure = describeFailure(error);
    logFailure(logger, failure);
    process.exitCode = failure.exitCode;
  }
}

/** A problem of the config is a line of its own, with its place as fields for programs. */
function logFailure(logger: Logger, { messages, problems, stack }: Failure): void {
  const isDebug = logger.isLevelEnabled("debug");
  for (const [index, message] of messages.entries()) {
    logger.error({ problem: problems?.[index], ...(isDebug && index === 0 && { stack }) }, message);
  }
}
