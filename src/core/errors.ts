/** The base of every error that sluice throws on purpose. `code` is stable; the message is for people. */
export class SluiceError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The machine cannot do what was asked: a plane, a socket option, an address family. */
export class NotSupportedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super("NOT_SUPPORTED", message, options);
  }
}

/** A listener's socket could not be opened; `cause` is the system's error, whose `code` is the errno name, such as `EADDRINUSE`. */
export class ListenError extends SluiceError {
  /** The address as text. */
  readonly address: string;

  constructor(address: string, message: string, options?: ErrorOptions) {
    super("LISTEN_FAILED", message, options);
    this.address = address;
  }
}
