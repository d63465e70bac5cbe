/** What stops the launcher: shown as one line, `error CODE: what happened; what to do`. */
export class LaunchError extends Error {
  constructor(message, hint, exitCode = 1, code = exitCode === 2 ? 'BAD_REQUEST' : 'LAUNCH') {
    super(message)
    this.hint = hint
    this.exitCode = exitCode
    this.code = code
  }
}
